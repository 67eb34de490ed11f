import type { Detector, Draft, Evidence, Found, ProjectFiles, Serving } from "../project.ts";
import { baseOf } from "./reading/base.ts";
import { type StartCommand, startCommands } from "./reading/start-commands.ts";
import type { Candidate, Kind } from "./serving/candidate.ts";
import { ofCode } from "./serving/from-code.ts";
import { ofLayout } from "./serving/from-layout.ts";
import { healthRoute } from "./serving/health-route.ts";
import { ofR } from "./serving/of-r.ts";
import { portOf } from "./serving/port.ts";

/** Where each kind listens unless told otherwise. */
const usualPorts: Readonly<Record<Kind, number>> = {
  fastapi: 8000,
  flask: 5000,
  django: 8000,
  gradio: 7860,
  streamlit: 8501,
  triton: 8000,
  bentoml: 3000,
  vllm: 8000,
  torchserve: 8080,
  litserve: 8000,
  other: 8000,
};

const ownHealth: Readonly<Partial<Record<Kind, string>>> = {
  streamlit: "/_stcore/health",
  triton: "/v2/health/ready",
  bentoml: "/readyz",
  vllm: "/health",
  torchserve: "/ping",
  litserve: "/health",
};

/** A candidate below is a demo, a test or a part of a library. */
const least = 28;

/** How the project answers requests: the likeliest of what its code and files show. */
export const serving: Detector = (files, draft) => {
  if (draft.manager.value === "r") {
    draft.serving = ofR(files);
    return;
  }
  const told = startCommands(files, draft);
  const candidates = [...ofCode(files, draft), ...ofLayout(files, draft)].map((one) =>
    raised(files, one, told),
  );
  const best = candidates.sort((a, b) => b.score - a.score)[0];
  if (best === undefined || best.score < least) return;
  draft.serving = finish(files, draft, best);
};

/** What the project's own commands start is what is meant. */
function raised(files: ProjectFiles, one: Candidate, told: readonly StartCommand[]): Candidate {
  const same = told.find(({ kind, target }) => kind === one.kind && isSameTarget(target, one.target ?? ""));
  if (same === undefined) return one;
  const isFactory = one.target?.endsWith(`${same.target.split(":").at(-1)}()`) === true;
  const isKept = one.kind === "streamlit" || same.target.endsWith(".py") || isFactory;
  // A command in another folder names its modules from there.
  const target = isKept || !standsAt(files, same.target) ? one.target : same.target;
  return { ...one, target, told: same, score: one.score + 8 + 8 * same.trust };
}

/** Whether `pkg.module:name` is found from the project's folder. */
function standsAt(files: ProjectFiles, target: string): boolean {
  const path = (target.split(":")[0] ?? "").replaceAll(".", "/");
  const base = baseOf(files);
  return [base, `${base}src/`].some(
    (folder) => files.has(`${folder}${path}.py`) || files.has(`${folder}${path}/__init__.py`),
  );
}

function isSameTarget(told: string, target: string): boolean {
  if (told === target || target.endsWith(`/${told.replace(/^\.\//, "")}`)) return true;
  const [module = "", name = ""] = target.replace("()", "").split(":");
  const [toldModule = "", toldName = ""] = told.replace("()", "").split(":");
  return (
    name !== "" &&
    name === toldName &&
    (module.endsWith(`.${toldModule}`) || toldModule.endsWith(`.${module}`) || module === toldModule)
  );
}

function finish(files: ProjectFiles, draft: Draft, best: Candidate): Found<Serving> {
  const { kind, target } = best;
  const because: Evidence[] = [best.because];
  const port = portOf(files, draft, best, because) ?? usualPorts[kind];
  const health =
    ownHealth[kind] ??
    (kind === "fastapi" || kind === "flask" ? healthRoute(files, best, because) : undefined);
  return { value: { kind, target, port, health }, because };
}
