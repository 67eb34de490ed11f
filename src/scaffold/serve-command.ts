import type { Serving } from "./project.ts";

/** The command that makes a service listen for everyone in its container; undefined where that is not known. */
export function serveCommand(serving: Serving, port = serving.port): readonly string[] | undefined {
  const { kind, target } = serving;
  const at = String(port);
  if (target === undefined) return undefined;
  switch (kind) {
    case "fastapi":
      return ["uvicorn", target, "--host", "0.0.0.0", "--port", at];
    case "flask":
      return target.endsWith(".py")
        ? ["python", target]
        : ["flask", "--app", target, "run", "--host", "0.0.0.0", "--port", at];
    case "streamlit":
      return [
        "streamlit",
        "run",
        target,
        "--server.address=0.0.0.0",
        `--server.port=${at}`,
        "--server.headless=true",
      ];
    case "bentoml":
      return ["bentoml", "serve", target, "--host", "0.0.0.0", "--port", at];
    case "django":
    case "gradio":
    case "litserve":
    case "other":
      return target.endsWith(".py") ? ["python", target] : undefined;
    default:
      return undefined;
  }
}
