import type { WrittenChecklist } from "../checklist.ts";
import type { CheckedImage } from "../image.ts";
import { isProgram, onPath } from "./find-programs.ts";

type WrittenService = NonNullable<WrittenChecklist["serviceTests"]>[number];

interface Known {
  name: string;
  /** A name on the PATH, or a full path. */
  program: string;
  args: readonly string[];
  port: number;
  path: string;
  status?: number;
  user?: string;
}

/** Services that start without any file of a user's, and the path at which they say that they are well. */
const known: readonly Known[] = [
  {
    name: "Jupyter Lab",
    program: "jupyter-lab",
    args: ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=18888", "--notebook-dir=/tmp"],
    port: 18888,
    path: "/api",
    status: 200,
  },
  {
    name: "Jupyter Notebook",
    program: "jupyter-notebook",
    args: ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=18889", "--notebook-dir=/tmp"],
    port: 18889,
    path: "/api",
    status: 200,
  },
  {
    name: "RStudio Server",
    program: "/usr/lib/rstudio-server/bin/rserver",
    args: ["--server-daemonize=0", "--www-address=127.0.0.1", "--www-port=18787", "--auth-none=1"],
    port: 18787,
    path: "/unsupported_browser.htm",
    user: "root",
  },
  {
    name: "code-server",
    program: "code-server",
    args: ["--bind-addr=127.0.0.1:18080", "--auth=none", "--user-data-dir=/tmp/code-server"],
    port: 18080,
    path: "/healthz",
    status: 200,
  },
  {
    name: "MLflow",
    program: "mlflow",
    args: ["server", "--host=127.0.0.1", "--port=15000", "--backend-store-uri=sqlite:////tmp/mlflow.db"],
    port: 15000,
    path: "/health",
    status: 200,
  },
  {
    name: "TensorBoard",
    program: "tensorboard",
    args: ["--logdir=/tmp", "--host=127.0.0.1", "--port=16006"],
    port: 16006,
    path: "/",
    status: 200,
  },
  {
    name: "Streamlit",
    program: "streamlit",
    args: ["hello", "--server.headless=true", "--server.address=127.0.0.1", "--server.port=18501"],
    port: 18501,
    path: "/_stcore/health",
    status: 200,
  },
  {
    name: "Dask",
    program: "dask-scheduler",
    args: ["--host=127.0.0.1", "--port=18786", "--dashboard-address=127.0.0.1:18790"],
    port: 18790,
    path: "/health",
    status: 200,
  },
  {
    name: "nginx",
    program: "nginx",
    args: ["-g", "daemon off;"],
    port: 80,
    path: "/",
    user: "root",
  },
  {
    name: "Redis",
    program: "redis-server",
    args: ["--port", "16379", "--save", ""],
    port: 16379,
    path: "/",
  },
  {
    name: "Ollama",
    program: "ollama",
    args: ["serve"],
    port: 11434,
    path: "/",
    status: 200,
  },
];

/** More ports than that are asked for by no one image; each takes its time. */
const mostPorts = 4;

/** Services that an image has: what it starts by itself, at the ports that it names, and those that are known by their programs. */
export function findServices(image: CheckedImage): WrittenService[] {
  const own = portsOf(image).map(
    (port): WrittenService => ({
      name: `what the image starts, at port ${port}`,
      port: String(port),
    }),
  );
  const others = known.flatMap(({ name, program, args, port, path, status, user }): WrittenService[] => {
    const command = program.startsWith("/") ? program : onPath(image, program);
    if (command === undefined || !isProgram(image.tree, command)) return [];
    return [
      {
        name,
        command,
        args: [...args],
        port: String(port),
        path,
        ...(status === undefined ? {} : { expectedStatus: [String(status)] }),
        ...(user === undefined ? {} : { user }),
      },
    ];
  });
  return [...own, ...others];
}

/** TCP ports that an image exposes, or that stand in what it starts. */
function portsOf({ run }: CheckedImage): number[] {
  const words = [...run.entrypoint, ...run.cmd];
  if (words.length === 0) return [];
  const named =
    /(?:--?(?:server[._-])?port[= ]|--?p[= ]|(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\]|\*):)(\d{2,5})\b/g;
  const ports = [
    ...run.ports.filter((port) => /^\d+(?:\/tcp)?$/.test(port)).map((port) => Number.parseInt(port, 10)),
    ...[...words.join(" ").matchAll(named)].map((match) => Number(match[1])),
  ];
  return [...new Set(ports)].filter((port) => port > 0 && port < 65_536).slice(0, mostPorts);
}
