import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand, ShellScript } from "../../dockerfile/shell.ts";
import type { Range } from "../../dockerfile/text.ts";
import { baseOf, chainOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { namesOf } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const rootHomeTool = defineRule({
  kind: "dockerfile",
  name: "root-home-tool",
  group: "runtime",
  severity: "error",
  aliases: [],
  meaning: "A tool is installed below /root, and the image then runs as another user.",
  why: '`/root` has mode 700, so another user gets "permission denied" from whatever the installers of pixi, uv, rustup and nvm put there, also when PATH names it. Install to a folder that all can read (`PIXI_HOME=/usr/local`, `UV_INSTALL_DIR=/usr/local/bin`, `CARGO_HOME=/usr/local/cargo`), copy uv from its image, or install after USER.',
  examples: [
    {
      bad: 'FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN curl -fsSL https://pixi.sh/install.sh | bash\nENV PATH="/root/.pixi/bin:${PATH}"\nRUN useradd -m app\nUSER app\nENTRYPOINT ["pixi", "run", "train"]\n',
      good: 'FROM debian:12\nRUN apt-get update && apt-get install -y curl\nENV PIXI_HOME=/usr/local\nRUN curl -fsSL https://pixi.sh/install.sh | bash\nRUN useradd -m app\nUSER app\nENTRYPOINT ["pixi", "run", "train"]\n',
    },
  ],
  check(file, report) {
    const told = new Set<number>();
    for (const stage of imageStages(file)) {
      const user = stage.end.user?.split(":")[0];
      if (user === undefined || user === "" || isRoot(user) || opensRoot(stage)) continue;
      for (const { at, tool, folder, order } of installsBelowRoot(file, stage)) {
        if (told.has(at.start) || !isUsedAs(file, stage, tool, folder, order)) continue;
        told.add(at.start);
        report({ at, message: `${tool} is in ${folder}, where user ${user} may not read it` });
      }
    }
  },
});

interface Installed {
  readonly at: Range;
  readonly tool: string;
  readonly folder: string;
  readonly order: number;
}

/** Installers that come through a pipe, where they put things, and the variables that say another place. */
const installers: readonly { url: RegExp; tool: string; folder: string; moved: RegExp }[] = [
  {
    url: /\bpixi\.sh\b|prefix-dev\/pixi/,
    tool: "pixi",
    folder: "/root/.pixi",
    moved: /PIXI_(?:HOME|BIN_DIR)/,
  },
  {
    url: /astral\.sh\/uv/,
    tool: "uv",
    folder: "/root/.local/bin",
    moved: /UV_INSTALL_DIR|UV_UNMANAGED_INSTALL|XDG_BIN_HOME|CARGO_HOME/,
  },
  { url: /sh\.rustup\.rs/, tool: "cargo", folder: "/root/.cargo", moved: /CARGO_HOME/ },
  { url: /nvm-sh\/nvm/, tool: "node", folder: "/root/.nvm", moved: /NVM_DIR/ },
  { url: /install\.python-poetry\.org/, tool: "poetry", folder: "/root/.local/bin", moved: /POETRY_HOME/ },
];

function installsBelowRoot(file: Dockerfile, stage: Stage): Installed[] {
  const rootBase = chainOf(stage)[0];
  const baseUser = rootBase === undefined ? undefined : baseOf(stage)?.user;
  if (baseUser !== undefined && baseUser !== "root") return [];
  const instructions = instructionsOf(stage);
  return instructions.flatMap((instruction, order) => {
    if (instruction.keyword !== "RUN") return [];
    const { user, variables } = file.before(instruction);
    // Without USER only a base of which that is known runs as root.
    if (user === undefined ? baseUser !== "root" : !isRoot(user)) return [];
    return readShell(file, instruction).flatMap((script) =>
      script.commands.flatMap((command) => {
        const installer = command.joint === "|" ? piped(script, command) : undefined;
        if (installer === undefined || command.nameWord === undefined) return [];
        const told = [...variables.keys(), instruction.body.text].some((one) => installer.moved.test(one));
        const home =
          variables.has("HOME") ||
          /\b(?:cp|mv|install|ln)\s[^&;|]*\/root\/|\b(?:cp|mv|install)\s[^&;|]*(?:~|HOME)/.test(
            instruction.body.text,
          );
        return told || home
          ? []
          : [{ at: command.nameWord, tool: installer.tool, folder: installer.folder, order }];
      }),
    );
  });
}

function piped(script: ShellScript, command: ShellCommand): (typeof installers)[number] | undefined {
  if (!/^(?:sh|bash|python3?)$/.test(command.name)) return undefined;
  const first = script.commands.find((one) => one.pipeline === command.pipeline && one !== command);
  const url = first?.args.find((word) => /^https?:/.test(word.value))?.value ?? "";
  const told = command.args.some((word) => /install-dir|--prefix|--to|no-modify/.test(word.value));
  return told ? undefined : installers.find((one) => one.url.test(url));
}

/** Whether somebody else than root uses the tool afterwards, by its name or with its folder on PATH. */
function isUsedAs(file: Dockerfile, stage: Stage, tool: string, folder: string, order: number): boolean {
  const later = instructionsOf(stage).slice(order + 1);
  // A copy elsewhere is readable.
  if (
    later.some(
      (one) =>
        /^(?:RUN|COPY)$/.test(one.keyword) &&
        /\b(?:cp|mv|install)\s|^COPY/.test(one.body.text) &&
        one.body.text.includes(folder),
    )
  )
    return false;
  return (
    later.some((one) => {
      const user = file.before(one).user?.split(":")[0];
      if (!/^(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK)$/.test(one.keyword)) return false;
      const runsAsOther = one.keyword === "RUN" ? user !== undefined && !isRoot(user) : true;
      return (
        runsAsOther &&
        readShell(file, one).some((script) =>
          script.commands.some(
            ({ name }) =>
              name === tool || (tool === "cargo" && name === "rustc") || (tool === "node" && name === "npm"),
          ),
        )
      );
    }) && !later.some((one) => pathElsewhere(one, tool))
  );
}

/** Whether another of its kind comes later. */
function pathElsewhere(instruction: Instruction, tool: string): boolean {
  if (instruction.keyword === "COPY") return new RegExp(`/${tool}(?:\\s|$)`).test(instruction.body.text);
  return instruction.keyword === "ENV" && namesOf(instruction).some(({ name }) => name === "HOME");
}

/** Whether somebody opens /root for all. */
function opensRoot(stage: Stage): boolean {
  return instructionsOf(stage).some(
    (one) => one.keyword === "RUN" && /\bch(?:mod|own)\b[^&;|]*\s\/root\b/.test(one.body.text),
  );
}

function isRoot(user: string): boolean {
  return /^(?:root|0)(?::|$)/.test(user);
}
