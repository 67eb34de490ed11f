import type { Detector, Draft, EntryPoint, Evidence, ProjectFiles, Serving } from "../project.ts";
import { serveCommand } from "../serve-command.ts";
import { baseOf, depthOf, isBesides, nameOf } from "./reading/base.ts";
import { containerFacts, programs } from "./reading/container-commands.ts";
import { evidence, pairsAt, readToml, textAt } from "./reading/parsed.ts";
import { type PythonFile, pythonFiles } from "./reading/python-files.ts";
import { readSetup } from "./reading/setup-file.ts";
import { readIni } from "./reading/wishes-files.ts";
import { moduleOf, pathOf } from "./serving.ts";

const most = 60;

/** The programs of the project, the likeliest of each purpose first. */
export const entryPoints: Detector = (files, draft) => {
  const base = baseOf(files);
  const found: (EntryPoint & { readonly rank: number })[] = [];
  const add = (
    purpose: EntryPoint["purpose"],
    command: readonly string[],
    from: Evidence,
    rank: number,
  ): void => {
    if (command.length > 0 && !found.some((one) => one.command.join(" ") === command.join(" ")))
      found.push({ purpose, command, from, rank });
  };
  const serving = draft.serving;
  const served = serving && withPath(files, serving.because[0]?.file, servingCommand(draft, serving.value));
  if (serving !== undefined && served !== undefined)
    add("serve", served, serving.because[0] ?? { file: "", says: "serves" }, 0);
  for (const [name, from] of declared(files, base)) add(purposeOf(name, from.says), [name], from, 1);
  for (const [purpose, command, from] of tasks(files, base)) add(purpose, command, from, 2);
  addPrograms(files, draft, base, add);
  for (const { words, file, line } of containerFacts(files, draft).commands) {
    const command = plainCommand(words);
    if (command !== undefined && startsProgram(command))
      add(purposeOf(command.join(" "), ""), command, { file, line, says: "is the command of the image" }, 4);
  }
  if (draft.manager.value === "r") addR(files, base, add);
  draft.entryPoints = found
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ purpose, command, from }) => ({ purpose, command, from }));
};

type Add = (purpose: EntryPoint["purpose"], command: readonly string[], from: Evidence, rank: number) => void;

/** Tells uvicorn and flask where the module lies that is not below the project's folder itself. */
function withPath(
  files: ProjectFiles,
  file: string | undefined,
  command: readonly string[] | undefined,
): readonly string[] | undefined {
  const folder = file?.endsWith(".py") === true ? pathOf(files, file) : "";
  if (folder === "" || command?.some((one) => one.includes(":")) !== true) return command;
  const option =
    command[0] === "uvicorn" ? "--app-dir" : command[0] === "gunicorn" ? "--pythonpath" : undefined;
  return option === undefined ? command : [command[0] ?? "", option, folder, ...command.slice(1)];
}

/** What starts the service; undefined where only the one who runs it knows. */
function servingCommand(draft: Draft, serving: Serving): readonly string[] | undefined {
  const { kind, target, port } = serving;
  const has = (name: string): boolean => draft.requirements.some((one) => one.name === name);
  if (kind === "fastapi" && target?.endsWith("()") === true)
    return ["uvicorn", "--factory", target.slice(0, -2), "--host", "0.0.0.0", "--port", String(port)];
  if (kind === "fastapi" && target?.endsWith(".py") === true) return ["python", target];
  if ((kind === "flask" || kind === "django") && target?.includes(":") === true && has("gunicorn"))
    return ["gunicorn", "--bind", `0.0.0.0:${port}`, target];
  if (kind === "django") return ["python", "manage.py", "runserver", `0.0.0.0:${port}`];
  if (kind === "litserve" && target !== undefined) return ["python", target];
  if (draft.manager.value === "r" && target !== undefined)
    return [
      "Rscript",
      "-e",
      /plumber|api/.test(target)
        ? `plumber::pr_run(plumber::pr("${target}"), host = "0.0.0.0", port = ${port})`
        : `shiny::runApp(".", host = "0.0.0.0", port = ${port})`,
    ];
  return serveCommand(serving);
}

/** Commands that installing the project makes: `[project.scripts]`, poetry's and setup.py's. */
function declared(files: ProjectFiles, base: string): [string, Evidence][] {
  const pyproject = readToml(files, `${base}pyproject.toml`);
  const found: [string, Evidence][] = [];
  for (const keys of [
    ["project", "scripts"],
    ["tool", "poetry", "scripts"],
  ] as const) {
    for (const [name, value] of pairsAt(pyproject, ...keys)) {
      const target =
        typeof value === "string" ? value : (textAt(value, "reference") ?? textAt(value, "callable") ?? "");
      found.push([name, evidence(files, `${base}pyproject.toml`, `runs ${target}`, name, "=")]);
    }
  }
  for (const { text, line } of readSetup(files, `${base}setup.py`)?.scripts ?? []) {
    const [name = "", target = ""] = text.split("=").map((part) => part.trim());
    found.push([name, { file: `${base}setup.py`, line, says: `runs ${target}` }]);
  }
  for (const { section, key, values } of readIni(files.read(`${base}setup.cfg`) ?? "")) {
    if (section !== "options.entry_points" || key !== "console_scripts") continue;
    for (const text of values) {
      const [name = "", target = ""] = text.split("=").map((part) => part.trim());
      found.push([name, { file: `${base}setup.cfg`, says: `runs ${target}` }]);
    }
  }
  return found;
}

/** Tasks of pixi, pdm, poe that are a plain command, with their words. */
function tasks(files: ProjectFiles, base: string): [EntryPoint["purpose"], string[], Evidence][] {
  const found: [EntryPoint["purpose"], string[], Evidence][] = [];
  const pyproject = readToml(files, `${base}pyproject.toml`);
  const pixi = readToml(files, `${base}pixi.toml`);
  const lists = [
    [`${base}pixi.toml`, pairsAt(pixi, "tasks")],
    ...pairsAt(pixi, "feature").map(
      ([, feature]) => [`${base}pixi.toml`, pairsAt(feature, "tasks")] as const,
    ),
    [`${base}pyproject.toml`, pairsAt(pyproject, "tool", "pixi", "tasks")],
    ...pairsAt(pyproject, "tool", "pixi", "feature").map(
      ([, feature]) => [`${base}pyproject.toml`, pairsAt(feature, "tasks")] as const,
    ),
    [`${base}pyproject.toml`, pairsAt(pyproject, "tool", "pdm", "scripts")],
    [`${base}pyproject.toml`, pairsAt(pyproject, "tool", "poe", "tasks")],
    [`${base}pyproject.toml`, pairsAt(pyproject, "tool", "hatch", "envs", "default", "scripts")],
  ] as const;
  for (const [file, list] of lists) {
    for (const [name, value] of list) {
      const text = typeof value === "string" ? value : (textAt(value, "cmd") ?? textAt(value, "shell") ?? "");
      const command = plainCommand(text.trim().split(/\s+/));
      const isProgram = command !== undefined && startsProgram(command);
      if (isProgram)
        found.push([purposeOf(name, text), command, evidence(files, file, `is the task ${name}`, name, "=")]);
    }
  }
  return found;
}

/** Whether a command runs a program of the project, and not one that tests or builds it. */
function startsProgram(command: readonly string[]): boolean {
  const [first = "", second, third = ""] = command;
  if (!programs.test(first) || second === undefined) return false;
  return (
    second !== "-m" ||
    !/^(?:build|pip|pytest|unittest|http\.server|mypy|ruff|black|ipykernel|venv)$/.test(third)
  );
}

/** Files that run as programs. */
function addPrograms(files: ProjectFiles, draft: Draft, base: string, add: Add): void {
  const topNames = new Set(
    files.list
      .filter(({ path }) => path.startsWith(base) && path.endsWith(".py"))
      .map(({ path }) => (path.slice(base.length).split("/")[0] ?? "").replace(/\.py$/, "")),
  );
  for (const file of pythonFiles(files)) {
    const inside = file.path.startsWith(base) ? file.path.slice(base.length) : undefined;
    if (inside === undefined || isBesides(file.path) || depthOf(inside) > 3) continue;
    const name = nameOf(inside).replace(/\.py$/, "");
    if (name === "__main__") {
      const module = moduleOf(files, file.path).replace(/\.?__main__$/, "");
      if (module !== "")
        add(
          purposeOf(module, "main"),
          ["python", "-m", module],
          { file: file.path, says: "makes the package a program" },
          3,
        );
      continue;
    }
    const purpose = purposeOfFile(name);
    const isLoose =
      depthOf(inside) === 0 || !files.has(`${file.path.slice(0, file.path.lastIndexOf("/"))}/__init__.py`);
    const isProgram = file.guardLine !== undefined || (purpose !== undefined && isLoose && isScript(file));
    if (draft.serving?.value.kind === "streamlit" && file.path === draft.serving.value.target) continue;
    if (!isProgram || /^(?:setup|conftest|noxfile|tasks|versioneer|__init__|fabfile|dodo)$/.test(name))
      continue;
    const folder = file.path.slice(0, file.path.lastIndexOf("/"));
    // A file in a folder finds what stands beside that folder only as a module, unless the project is installed.
    const needsRoot =
      !draft.isPackage &&
      [...file.imports.keys()].some((one) => topNames.has(one) && !files.has(`${folder}/${one}.py`));
    const inPackage = inside.includes("/") && (files.has(`${folder}/__init__.py`) || needsRoot);
    const command = inPackage ? ["python", "-m", moduleOf(files, file.path)] : ["python", inside];
    const from = {
      file: file.path,
      says: "runs as a program",
      ...(file.guardLine === undefined ? {} : { line: file.guardLine }),
    };
    const isService = purpose === "serve" && draft.serving === undefined;
    const rank = (purpose === undefined ? 7 : isService ? 6 : 3) + depthOf(inside) * 0.5 + exactness(name);
    add(isService ? "other" : (purpose ?? "other"), command, from, rank);
  }
}

/** A script without a guard: it does something itself. */
function isScript(file: PythonFile): boolean {
  const isNear = !file.path.includes("/") || file.imports.has("argparse");
  return file.apps.length === 0 && isNear && file.imports.size > 0;
}

/** `train.py` comes before `train_tokenizer.py`. */
function exactness(name: string): number {
  return /^(?:train|main|run|app|serve|server|evaluate|eval|predict|inference)$/i.test(name) ? 0 : 0.3;
}

function purposeOf(name: string, target: string): EntryPoint["purpose"] {
  return (
    purposeOfFile(nameOf(name.replace(/\.py(?=\s|$)/, ""))) ?? purposeOfWords(`${name} ${target}`) ?? "main"
  );
}

function purposeOfWords(text: string): EntryPoint["purpose"] | undefined {
  if (/\b(?:uvicorn|gunicorn|streamlit|flask run|fastapi (?:run|dev)|bentoml serve|vllm serve)\b/.test(text))
    return "serve";
  return /\btorchrun\b/.test(text) ? "train" : undefined;
}

function purposeOfFile(name: string): EntryPoint["purpose"] | undefined {
  const plain = name.toLowerCase();
  if (
    /(?:^|[-_.])(?:pre|re)?_?train(?:er|ing)?(?:$|[-_.\d])|^(?:train|fine_?tun|pretrain)|(?:^|[-_])(?:fine-?_?tune|sft|dpo|grpo|distill)/.test(
      plain,
    )
  )
    return "train";
  if (/(?:^|[-_.])(?:eval(?:uate|uation)?|benchmark|validate|score)(?:$|[-_.])/.test(plain))
    return "evaluate";
  if (
    /(?:^|[-_.])(?:serv(?:e|er|ing|ice)|api|web(?:ui|app|_?demo)?|app|wsgi|asgi|gradio|streamlit|server)(?:$|[-_.])/.test(
      plain,
    )
  )
    return "serve";
  if (
    /^(?:main|run|cli|inference|infer|predict|generate|sample|demo|detect|start|launch|run_\w+|inference_\w+|txt2img|test)$/.test(
      plain,
    )
  )
    return "main";
  return undefined;
}

/** Words without a shell and without variables; undefined for other commands. */
function plainCommand(words: readonly string[]): string[] | undefined {
  const plain = words.map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
  if (
    plain.length === 0 ||
    plain.length > 40 ||
    plain.some((word) => /[$&|;<>`{}\\]/.test(word) || word === "")
  )
    return undefined;
  if (/^(?:\/?bin\/|\/usr\/bin\/)?(?:ba|z)?sh$/.test(plain[0] ?? "") || (plain[0] ?? "").endsWith(".sh"))
    return undefined;
  if ((plain[0] ?? "").startsWith("/") || plain[0] === "[") return undefined;
  return /^(?:uv|poetry|pdm|pixi|pipenv|hatch)$/.test(plain[0] ?? "") && plain[1] === "run"
    ? plain.slice(2).filter((word, at) => at > 0 || !word.startsWith("-"))
    : plain;
}

function addR(files: ProjectFiles, base: string, add: Add): void {
  for (const { path } of files.list) {
    const inside = path.startsWith(base) ? path.slice(base.length) : "/";
    const name = /^([\w-]+)\.[Rr]$/.exec(inside)?.[1];
    if (name === undefined || /^(?:install|app|server|ui|global|requirements)$/i.test(name)) continue;
    add(purposeOfFile(name) ?? "other", ["Rscript", inside], { file: path, says: "is a script of R" }, 3);
  }
}
