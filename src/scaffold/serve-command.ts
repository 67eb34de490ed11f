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

/** The path that a known server answers at when it is well; undefined for others. */
export function healthOf(command: readonly string[]): string | undefined {
  const program = command[0]?.replace(/.*\//, "") ?? "";
  return {
    vllm: "/health",
    tritonserver: "/v2/health/ready",
    streamlit: "/_stcore/health",
    bentoml: "/healthz",
  }[program];
}

const portOption = /^(--port|--http-port|--server[._-]port|--server-port|-p)$/;
const withPort = /^(--(?:http-|server[._-])?port=|--bind=[^:]*:|--address=[^:]*:)(\d+)$/;

/** The port that a command names; undefined where it names none. */
export function portIn(command: readonly string[]): number | undefined {
  for (const [at, word] of command.entries()) {
    const before = command[at - 1] ?? "";
    const found =
      withPort.exec(word)?.[2] ??
      (portOption.test(before) ? /^\d+$/.exec(word)?.[0] : undefined) ??
      (/^(?:-b|--bind)$/.test(before) ? /:(\d+)$/.exec(word)?.[1] : undefined);
    if (found !== undefined) return Number(found);
  }
  return undefined;
}

/** The same command on another port, where it names one. */
export function onPort(command: readonly string[], port: number): readonly string[] {
  return command.map((word, at) => {
    const before = command[at - 1] ?? "";
    if (withPort.test(word)) return word.replace(/\d+$/, String(port));
    if (portOption.test(before) && /^\d+$/.test(word)) return String(port);
    return /^(?:-b|--bind)$/.test(before) ? word.replace(/:\d+$/, `:${port}`) : word;
  });
}
