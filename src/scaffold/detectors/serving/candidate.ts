import type { Evidence, Serving } from "../../project.ts";
import type { PythonFile } from "../reading/python-files.ts";
import type { StartCommand } from "../reading/start-commands.ts";

/** What a project answers requests with. */
export type Kind = Serving["kind"];

/** Something that may be the project's service. */
export interface Candidate {
  readonly kind: Kind;
  /** `app.main:app`, or the script. */
  readonly target: string | undefined;
  readonly file: PythonFile | undefined;
  /** The likeliest has the highest. */
  readonly score: number;
  readonly because: Evidence;
  /** The command that starts it. */
  readonly told?: StartCommand;
}

/** Packages by which a project says what it serves with. */
const packages: Readonly<Record<string, Kind>> = {
  fastapi: "fastapi",
  flask: "flask",
  django: "django",
  gradio: "gradio",
  streamlit: "streamlit",
  bentoml: "bentoml",
  litserve: "litserve",
};

/** `streamlit-webrtc` brings Streamlit along. */
export function kindOfPackage(name: string): Kind | undefined {
  const brings = /^(streamlit|gradio|fastapi|flask|django)[-_]/.exec(name)?.[1];
  return packages[name] ?? (brings === undefined ? undefined : packages[brings]);
}

/** Whether a call starts a service of this kind. */
export function startsKind(kind: Kind, call: string): boolean {
  if (kind === "fastapi") return call.startsWith("uvicorn.");
  if (kind === "flask") return /^(?:app|application|server)\.run$/.test(call);
  if (kind === "gradio") return call.endsWith("launch");
  return (kind === "litserve" || kind === "other") && /\.(?:run|serve_forever)$/.test(call);
}
