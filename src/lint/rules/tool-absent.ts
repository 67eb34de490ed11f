import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand, ShellScript } from "../../dockerfile/shell.ts";
import { baseOf, chainOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { mountsOf } from "../knowledge/mounts.ts";
import { hasTool } from "../knowledge/tools.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule, type Fix, type Report } from "../rule.ts";

export const toolAbsent = defineRule({
  kind: "dockerfile",
  name: "tool-absent",
  group: "runtime",
  severity: "error",
  aliases: [],
  meaning: "A RUN, HEALTHCHECK, ENTRYPOINT or CMD uses a program that the stage does not have.",
  why: '`python:*-slim` and `nvidia/cuda` have no curl, wget or git (NVIDIA\'s images remove curl after they used it). In RUN the build stops; in HEALTHCHECK the container is "unhealthy" for ever although it works, and orchestrators restart it; in ENTRYPOINT it does not start, as with `pixi run` in a stage into which only the environment was copied. It speaks only of bases of the catalogue and where nothing that runs before could bring the program.',
  examples: [
    {
      bad: 'FROM python:3.12-slim\nHEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1\nCMD ["python", "-m", "app"]\n',
      good: 'FROM python:3.12-slim\nRUN apt-get update && apt-get install -y curl\nHEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1\nCMD ["python", "-m", "app"]\n',
      fixed:
        'FROM python:3.12-slim\nHEALTHCHECK CMD python -c "import urllib.request; urllib.request.urlopen(\'http://localhost:8000/health\', timeout=5)" || exit 1\nCMD ["python", "-m", "app"]\n',
    },
    {
      bad: "FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04\nRUN curl -fsSL https://pixi.sh/install.sh | bash\n",
      good: "FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04\nRUN apt-get update && apt-get install -y curl && curl -fsSL https://pixi.sh/install.sh | bash\n",
    },
    {
      bad: 'FROM ghcr.io/prefix-dev/pixi:0.58.0 AS build\nWORKDIR /app\nRUN pixi install\nFROM ubuntu:24.04\nCOPY --from=build /app/.pixi /app/.pixi\nENTRYPOINT ["pixi", "run", "python"]\n',
      good: 'FROM ghcr.io/prefix-dev/pixi:0.58.0 AS build\nWORKDIR /app\nRUN pixi install\nFROM ubuntu:24.04\nCOPY --from=build /app/.pixi /app/.pixi\nENTRYPOINT ["/app/.pixi/envs/default/bin/python"]\n',
    },
  ],
  check(file, report) {
    for (const stage of file.stages) if (isKnown(stage)) checkRuns(file, stage, report);
    for (const stage of imageStages(file)) if (isKnown(stage)) checkStart(file, stage, report);
  },
});

/** Whether the base is in the catalogue, and is not one that whoever builds must name. */
function isKnown(stage: Stage): boolean {
  return !/^["']?\$/.test(chainOf(stage)[0]?.image?.raw ?? "$") && baseOf(stage) !== undefined;
}

function checkRuns(file: Dockerfile, stage: Stage, report: (finding: Report) => void): void {
  const told = new Set<string>();
  for (const instruction of stage.instructions) {
    if (instruction.keyword !== "RUN") continue;
    // Programs can come along with a mount.
    if (mountsOf(file, instruction).some((mount) => mount.fields.has("from"))) continue;
    for (const script of readShell(file, instruction)) {
      script.commands.forEach((command, at) => {
        const { name, nameWord } = command;
        if (nameWord === undefined || told.has(name) || !isPlainUse(command, script, at)) return;
        if (hasTool(file, stage, name, { instruction, command }) !== false) return;
        told.add(name);
        report({
          at: nameWord,
          message: `${name} is not in ${rootImage(stage)}, and nothing before this installs it`,
        });
      });
    }
  }
}

/** Whether the script needs the command: it stands at the top, no other is tried instead. */
function isPlainUse(command: ShellCommand, script: ShellScript, at: number): boolean {
  const { nameWord, depth, joint, through, name } = command;
  if (depth > 0 || joint === "||" || script.commands[at + 1]?.joint === "||") return false;
  if (nameWord?.literal !== true || nameWord.value.includes("/") || through.includes("command")) return false;
  return !script.text.includes(`${name}()`);
}

function checkStart(file: Dockerfile, stage: Stage, report: (finding: Report) => void): void {
  const instructions = instructionsOf(stage);
  const last = (keyword: string): Instruction | undefined =>
    instructions.findLast((one) => one.keyword === keyword);
  const entrypoint = last("ENTRYPOINT");
  const health = last("HEALTHCHECK");
  const start = entrypoint ?? last("CMD");
  if (start !== undefined) {
    const command = readShell(file, start)[0]?.commands[0];
    if (command !== undefined && isMissing(file, stage, command))
      report({
        at: command.nameWord ?? start,
        message: `${command.name} is not in ${rootImage(stage)}, and nothing in this stage brings it, so the container does not start`,
      });
  }
  if (health === undefined) return;
  for (const script of readShell(file, health)) {
    const uses = script.commands.filter(({ name }) => !/^(?:exit|true|false|test|\[|grep|echo)$/.test(name));
    const [command] = uses;
    if (command === undefined || uses.length > 1 || !isMissing(file, stage, command)) continue;
    const fix = urlFix(file, stage, command, health);
    report({
      at: command.nameWord ?? health,
      message: `${command.name} is not in ${rootImage(stage)}, and nothing in this stage brings it, so the container never gets healthy`,
      ...(fix !== undefined && { fix }),
    });
  }
}

function isMissing(file: Dockerfile, stage: Stage, { name, nameWord, through }: ShellCommand): boolean {
  if (nameWord?.literal !== true || nameWord.value.includes("/") || through.includes("command")) return false;
  return hasTool(file, stage, name) === false;
}

/** A GET by Python's own library, where Python is there and the command asks for nothing but a URL. */
function urlFix(file: Dockerfile, stage: Stage, command: ShellCommand, health: Instruction): Fix | undefined {
  if (command.name !== "curl" && command.name !== "wget") return undefined;
  const python = ["python", "python3"].find((name) => hasTool(file, stage, name) === true);
  const plain = command.args.filter((word) => !word.value.startsWith("-") && word.value !== "/dev/null");
  const [url] = plain;
  const options = command.args.every(
    ({ value }) => !/^-[^-]*[XHdou]|^--(?:request|header|data|post)/.test(value),
  );
  if (python === undefined || plain.length !== 1 || !options || url === undefined) return undefined;
  if (!/^https?:\/\/[\w.:/?=&%-]+$/.test(url.value) || isJson(health, command)) return undefined;
  const text = `${python} -c "import urllib.request; urllib.request.urlopen('${url.value}', timeout=5)"`;
  const end = Math.max(...command.args.map((word) => word.end));
  const start = command.nameWord?.start ?? command.start;
  return { title: "ask with Python", risk: "unsafe", edits: [{ start, end, text }] };
}

function isJson(health: Instruction, command: ShellCommand): boolean {
  const word = health.words[1]?.raw ?? "";
  return word.startsWith("[") || command.nameWord === undefined;
}
