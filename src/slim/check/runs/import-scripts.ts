import type { ImportTest } from "../checklist.ts";

/** A line for each module: name, `ok` or `no`, seconds, the last of what was said; tabs between. */
export interface Imported {
  module: string;
  works: boolean;
  seconds: number;
  message: string;
}

/**
 * Programs that import modules, each in a process of its own, so that none can bring down or help another. They get the seconds for each, how
 * many at a time, and the modules; they write lines as `Imported` says. A process that a module leaves behind is ended.
 */
const python = String.raw`
import os, select, signal, sys, time
limit, many, names = float(sys.argv[1]), int(sys.argv[2]), sys.argv[:2:-1]
jobs = {}
def begin(name):
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setsid()
            os.dup2(into, 1)
            os.dup2(into, 2)
            sys.argv[1:] = []
            __import__(name)
            status = 0
        except BaseException as error:
            os.write(2, ("\n%s: %s" % (type(error).__name__, error)).encode("utf-8", "replace"))
        finally:
            os._exit(status)
    os.close(into)
    jobs[pid] = [name, out, time.time(), b""]
while names or jobs:
    while names and len(jobs) < many:
        begin(names.pop())
    ready = select.select([job[1] for job in jobs.values() if job[1] >= 0], [], [], 0.02)[0]
    for pid, job in list(jobs.items()):
        name, out, began, text = job
        late = time.time() - began > limit
        if late:
            os.killpg(pid, signal.SIGKILL)
        ended, status = os.waitpid(pid, 0 if late else os.WNOHANG)
        if out in ready or (ended and out >= 0 and select.select([out], [], [], 0)[0]):
            data = os.read(out, 65536)
            job[3] = text = (text + data)[-4000:]
            if not data:
                os.close(out)
                job[1] = out = -1
        if not ended:
            continue
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass
        if out >= 0:
            os.close(out)
        del jobs[pid]
        said = text.decode("utf-8", "replace").strip().split("\n")[-1].replace("\t", " ")[:300]
        if late:
            said = "it took longer than %g s" % limit
        elif status & 127:
            said = "it was ended by signal %d" % (status & 127)
        line = "%s\t%s\t%.3f\t%s\n" % (name, "no" if status else "ok", time.time() - began, said if status else "")
        os.write(1, line.encode("utf-8", "replace"))
`;

const r = [
  "words <- commandArgs(TRUE); limit <- as.numeric(words[1])",
  "for (p in words[-(1:2)]) { began <- Sys.time()",
  'job <- parallel::mcparallel(tryCatch({ suppressWarnings(suppressPackageStartupMessages(library(p, character.only = TRUE))); "" }, error = conditionMessage), mc.set.seed = FALSE, silent = TRUE)',
  "got <- parallel::mccollect(job, wait = FALSE, timeout = limit)",
  'said <- if (is.null(got)) "it took too long" else if (is.null(got[[1]])) "its process ended" else paste(got[[1]], collapse = " ")',
  "tools::pskill(job$pid, tools::SIGKILL)",
  'cat(p, if (nzchar(said)) "no" else "ok", format(as.numeric(difftime(Sys.time(), began, units = "secs"))), substr(gsub("[[:space:]]+", " ", said), 1, 300), sep = "\\t"); cat("\\n") }',
].join("; ");

const node = String.raw`
const { spawn } = require("child_process");
const [limit, many, ...names] = process.argv.slice(1);
const inner = 'import(process.argv[1]).then(() => process.exit(0), (error) => process.stderr.write("\\n" + String((error && error.message) || error).split("\\n")[0], () => process.exit(1)))';
const next = () => {
  const name = names.shift();
  if (name === undefined) return;
  const began = Date.now();
  let text = "";
  let late = false;
  let ended = false;
  const child = spawn(process.execPath, ["-e", inner, name], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const take = (data) => { text = (text + data).slice(-4000); };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const kill = () => { try { process.kill(-child.pid, "SIGKILL"); } catch {} };
  const timer = setTimeout(() => { late = true; kill(); }, limit * 1000);
  const end = (code, signal) => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    kill();
    const last = text.trim().split("\n").pop().replaceAll("\t", " ").slice(0, 300);
    const said = late ? "it took longer than " + limit + " s" : signal ? "it was ended by " + signal : last;
    process.stdout.write([name, code === 0 ? "ok" : "no", ((Date.now() - began) / 1000).toFixed(3), code === 0 ? "" : said].join("\t") + "\n");
    next();
  };
  child.on("error", (error) => { text = error.message; end(1); });
  // Who left its session may hold the pipes for ever.
  child.on("exit", (code, signal) => { kill(); setTimeout(end, 1000, code, signal).unref(); });
  child.on("close", end);
};
for (let i = 0; i < many; i++) next();
`;

const programs: Readonly<Record<ImportTest["language"], readonly [option: string, program: string]>> = {
  python: ["-c", python],
  r: ["-e", r],
  node: ["-e", node],
};

/** The words that import a test's modules in one go. */
export function importWords(
  { language, interpreter, modules }: Pick<ImportTest, "language" | "interpreter" | "modules">,
  seconds: number,
  atOnce: number,
): string[] {
  const [option, program] = programs[language];
  return [interpreter, option, program, String(seconds), String(atOnce), ...modules];
}

/** What such a program wrote, by module. Lines of anything else are passed over. */
export function readImported(output: string): Map<string, Imported> {
  const found = new Map<string, Imported>();
  for (const line of output.split("\n")) {
    const [, module = "", works, seconds, message = ""] =
      /^([^\t]+)\t(ok|no)\t\s*([0-9.e+-]+)\t(.*)$/.exec(line) ?? [];
    if (works !== undefined && !found.has(module))
      found.set(module, { module, works: works === "ok", seconds: Number(seconds) || 0, message });
  }
  return found;
}
