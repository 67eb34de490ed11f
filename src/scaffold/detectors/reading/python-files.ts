import type { ProjectFiles } from "../../project.ts";
import { depthOf, isBesides } from "./base.ts";
import { argumentOf, closingOf, literalsIn, type PythonLine, scanPython } from "./python-source.ts";

/** What a Python file does, as far as a scan without running it tells. */
export interface PythonFile {
  readonly path: string;
  /** First names of imported modules (`torch`) with the line; `top` for those that are not inside a function or a `try`. */
  readonly imports: ReadonlyMap<string, { readonly line: number; readonly top: boolean }>;
  /** Whether it imports what stands beside it with dots (`from .model import Net`), so that it only runs as a module. */
  readonly hasRelative: boolean;
  /** Whether it runs as a program: `if __name__ == "__main__":`. */
  readonly guardLine: number | undefined;
  /** Objects that answer requests: `app = FastAPI()`; for those made in a function its name. */
  readonly apps: readonly {
    readonly kind: string;
    readonly name: string;
    readonly factory: boolean;
    readonly line: number;
  }[];
  /** Paths of GET routes with the object that they hang on. */
  readonly routes: readonly { readonly object: string; readonly path: string; readonly line: number }[];
  /** Names and prefixes of routers: `router = APIRouter(prefix="/v1")`. */
  readonly routers: ReadonlyMap<string, string>;
  /** Prefixes with which routers are included. */
  readonly includes: readonly { readonly router: string; readonly prefix: string }[];
  /** Starts of servers: `uvicorn.run("app:app", port=8000)`. */
  readonly starts: readonly {
    readonly call: string;
    readonly target: string | undefined;
    readonly port: number | undefined;
    readonly line: number;
  }[];
  /** Default of an option `--port`. */
  readonly portOption: number | undefined;
  /** The port of a class of settings: `port: int = Field(default=9090)`. */
  readonly portSetting: number | undefined;
  /** Names of classes with the decorator or the base that makes them a service. */
  readonly services: readonly { readonly kind: "bentoml"; readonly name: string; readonly line: number }[];
  /** Whether it calls `st.` at its top, as Streamlit's scripts do. */
  readonly streamlitLine: number | undefined;
  /** Whether it makes an interface of Gradio. */
  readonly gradioLine: number | undefined;
}

const mostFiles = 2_000;
const mostSize = 1024 * 1024;
const mostTotal = 64 * 1024 * 1024;

/** Of a logical line; calls that start servers are shorter. */
const mostCode = 3_000;

const kept = new WeakMap<ProjectFiles, readonly PythonFile[]>();

/** The project's Python files, at most 2,000, those near the root and outside of tests and examples first. */
export function pythonFiles(files: ProjectFiles): readonly PythonFile[] {
  let own = kept.get(files);
  if (own === undefined) kept.set(files, (own = scanAll(files)));
  return own;
}

function scanAll(files: ProjectFiles): PythonFile[] {
  const wanted = files.list
    .filter(({ path, size }) => path.endsWith(".py") && size <= mostSize)
    .map((one) => ({ ...one, order: (isBesides(one.path) ? 100 : 0) + depthOf(one.path) }))
    .sort((a, b) => a.order - b.order)
    .slice(0, mostFiles);
  let total = 0;
  return wanted.flatMap(({ path, size }) => {
    total += size;
    const text = total > mostTotal ? undefined : files.read(path);
    return text === undefined ? [] : [readPython(path, text)];
  });
}

/** Reads one file. */
export function readPython(path: string, text: string): PythonFile {
  const imports = new Map<string, { line: number; top: boolean }>();
  const file = {
    path,
    imports,
    hasRelative: false,
    guardLine: undefined as number | undefined,
    portOption: undefined as number | undefined,
    portSetting: undefined as number | undefined,
    apps: [] as { kind: string; name: string; factory: boolean; line: number }[],
    routes: [] as { object: string; path: string; line: number }[],
    routers: new Map<string, string>(),
    includes: [] as { router: string; prefix: string }[],
    starts: [] as { call: string; target: string | undefined; port: number | undefined; line: number }[],
    services: [] as { kind: "bentoml"; name: string; line: number }[],
    streamlitLine: undefined as number | undefined,
    gradioLine: undefined as number | undefined,
  };
  const numbers = new Map<string, number>();
  let outer: string | undefined;
  let decoratedLine: number | undefined;
  for (const whole of scanPython(text)) {
    const line = { ...whole, code: whole.code.slice(0, mostCode) };
    const { code, indent } = line;
    if (indent === 0) {
      const def = /^(?:async\s+)?def\s+(\w+)/.exec(code)?.[1];
      outer = def ?? (code.startsWith("class ") ? undefined : outer);
      if (def === undefined && !code.startsWith("@")) outer = undefined;
    }
    readImports(line, imports);
    if (indent === 0 && /^from\s+\.[\w.]*\s+import\b/.test(code)) file.hasRelative = true;
    if (/^if\s+__name__\s*==/.test(code)) file.guardLine ??= line.line;
    const number = /^(\w*port\w*)(?:\s*:\s*\w+)?\s*=\s*(?:int\()?.*?(\d{2,5})?/i.exec(code);
    if (number !== null) {
      const value = portIn(line, code.slice(code.indexOf("=") + 1));
      if (value !== undefined) numbers.set(number[1] ?? "", value);
    }
    if (indent > 0 && /^(?:server_|api_|http_)?port\s*:\s*\w+\s*=/i.test(code))
      file.portSetting ??= portIn(line, code.slice(code.indexOf("=") + 1));
    const app =
      /^(?:global\s+)?(?:self\.)?(\w+)(?:\s*:\s*[\w.]+)?\s*=\s*(?:\w+\.)*(FastAPI|Flask|Starlette|LitServer|Quart|Sanic|APIRouter|Blueprint|Dash|Litestar|HTTPServer|ThreadingHTTPServer)\s*\(/.exec(
        code,
      );
    const [, name = "", kind = ""] = app ?? [];
    if (kind === "APIRouter" || kind === "Blueprint") {
      const prefix = argumentOf(code, kind === "APIRouter" ? "prefix" : "url_prefix");
      file.routers.set(name, prefix === undefined ? "" : (literalsIn(line, prefix)[0] ?? "?"));
    } else if (kind !== "") {
      const isFactory = indent > 0 && outer !== undefined && /create|make|build|get|app|init/i.test(outer);
      if (indent === 0 || isFactory)
        file.apps.push({ kind, name: isFactory ? (outer ?? "") : name, factory: isFactory, line: line.line });
      else file.apps.push({ kind, name: "", factory: false, line: line.line });
    }
    const returned = /^return\s+(?:\w+\.)*(FastAPI|Flask)\s*\(/.exec(code)?.[1];
    if (returned !== undefined && outer !== undefined)
      file.apps.push({ kind: returned, name: outer, factory: true, line: line.line });
    const made =
      /^(\w+)(?:\s*:\s*[\w.]+)?\s*=\s*(create_app|make_app|build_app|get_app|get_application|create_application)\s*\(/.exec(
        code,
      );
    if (made !== null && indent === 0)
      file.apps.push({ kind: "made", name: made[1] ?? "", factory: false, line: line.line });
    const route = /^@(\w+)\.(?:get|route|api_route)\s*\(/.exec(code);
    if (route !== null) {
      const path = literalsIn(line, code)[0];
      if (path !== undefined) file.routes.push({ object: route[1] ?? "", path, line: line.line });
    }
    const included = /(?:include_router|register_blueprint)\s*\(\s*([\w.]+)/.exec(code);
    if (included !== null) {
      const prefix = argumentOf(code, "prefix") ?? argumentOf(code, "url_prefix");
      file.includes.push({
        router: included[1] ?? "",
        prefix: prefix === undefined ? "" : (literalsIn(line, prefix)[0] ?? "?"),
      });
    }
    readStart(line, numbers, file.starts);
    if (
      /\.add_argument\s*\(|^@(?:click\.)?option\(|typer\.Option\(/.test(code) &&
      /^-{1,2}(?:server[-_])?port$/.test(line.strings.find((one) => one.startsWith("-")) ?? "")
    ) {
      file.portOption ??= portIn(line, argumentOf(code, "default") ?? "");
    }
    if (/^@bentoml\.service\b/.test(code)) decoratedLine = line.line;
    const className = /^class\s+(\w+)/.exec(code)?.[1];
    if (className !== undefined && decoratedLine !== undefined) {
      file.services.push({ kind: "bentoml", name: className, line: decoratedLine });
      decoratedLine = undefined;
    }
    const service = /^(\w+)\s*=\s*bentoml\.(?:legacy\.)?(?:Service|Runner)\s*\(/.exec(code);
    if (service !== null && code.includes("Service"))
      file.services.push({ kind: "bentoml", name: service[1] ?? "", line: line.line });
    if (imports.has("streamlit") && /(?:^|[=\s(])st\.\w+/.test(code)) file.streamlitLine ??= line.line;
    if (
      imports.has("gradio") &&
      /(?:gr|gradio)\.(?:Blocks|Interface|ChatInterface|TabbedInterface)\s*\(|\.launch\s*\(/.test(code)
    )
      file.gradioLine ??= line.line;
  }
  return file;
}

function readImports(line: PythonLine, imports: Map<string, { line: number; top: boolean }>): void {
  const from = /^from\s+([A-Za-z_]\w*)[\w.]*\s+import\b/.exec(line.code)?.[1];
  const plain = /^import\s+(.+)$/.exec(line.code)?.[1];
  const modules =
    from === undefined
      ? (plain
          ?.slice(0, 500)
          .split(",")
          .map((one) => /^\s*([A-Za-z_]\w*)/.exec(one)?.[1]) ?? [])
      : [from];
  for (const module of modules) {
    if (module === undefined) continue;
    const known = imports.get(module);
    if (known === undefined || (!known.top && line.indent === 0))
      imports.set(module, { line: line.line, top: line.indent === 0 });
  }
}

function readStart(
  line: PythonLine,
  numbers: ReadonlyMap<string, number>,
  starts: { call: string; target: string | undefined; port: number | undefined; line: number }[],
): void {
  const { code } = line;
  const call =
    /(?<![\w.])((?:\w+\.)*(?:run|launch|serve|serve_forever|run_server|run_simple|queue\(.{0,200}?\)\.launch))\s*\(/.exec(
      code,
    );
  if (call === null) return;
  const name = (call[1] ?? "").replace(/\(.*\)/, "()");
  const isServer =
    /^(?:uvicorn|hypercorn|gunicorn|waitress)\./.test(name) ||
    /\.(?:run|launch|run_server|serve_forever)$/.test(name) ||
    /^serve$/.test(name);
  if (!isServer || /^(?:subprocess|asyncio|trio|anyio|sess|session|tf|loop|cls)\./.test(name)) return;
  const open = code.indexOf("(", call.index + (call[1] ?? "").length);
  const inside = code.slice(open + 1, closingOf(code, open));
  const first = inside.split(",")[0]?.trim() ?? "";
  const target = /^"\d+"$/.test(first) ? literalsIn(line, first)[0] : /^\w+$/.test(first) ? first : undefined;
  const port = argumentOf(inside, "server_port") ?? argumentOf(inside, "port");
  starts.push({
    call: name,
    target: name.startsWith("uvicorn.") ? target : undefined,
    port:
      port === undefined
        ? undefined
        : (portIn(line, port) ?? numbers.get(port.trim().split(".").at(-1) ?? "")),
    line: line.line,
  });
}

/** The only number that can be a port in an expression: `int(os.environ.get("PORT", 8080))`. */
function portIn(line: PythonLine, code: string): number | undefined {
  const plain = [...code.matchAll(/(?<![\w."])(\d{2,5})(?![\w."])/g)].map((match) => Number(match[1]));
  const quoted = literalsIn(line, code)
    .filter((one) => /^\d{2,5}$/.test(one))
    .map(Number);
  return [...plain, ...quoted].find((one) => one >= 80 && one < 65_536);
}
