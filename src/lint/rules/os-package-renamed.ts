import { gonePackage } from "../../catalog/os-packages.ts";
import type { Dockerfile } from "../../dockerfile/document.ts";
import { baseOf } from "../knowledge/bases.ts";
import { packageCommandsOf } from "../knowledge/installs.ts";
import { defineRule, type Edit } from "../rule.ts";

export const osPackageRenamed = defineRule({
  kind: "dockerfile",
  name: "os-package-renamed",
  group: "packages",
  severity: "error",
  aliases: [],
  meaning: "apt-get installs a package that the release of the base image does not have under this name.",
  why: "The build ends with `Unable to locate package`, often months after it last worked, because a tag such as `python:3.11-slim` moved to the next Debian: `libgl1-mesa-glx` is gone since Debian 13 and Ubuntu 24.04, `libgl1` is there on both sides. The names were looked up in the indexes of Debian 11 to 13. Files that add a repository of their own are left alone.",
  examples: [
    {
      bad: "FROM python:3.12-slim-trixie\nRUN apt-get update && apt-get install -y --no-install-recommends \\\n    libgl1-mesa-glx \\\n    libglib2.0-0\n",
      good: "FROM python:3.12-slim-trixie\nRUN apt-get update && apt-get install -y --no-install-recommends \\\n    libgl1 \\\n    libglib2.0-0\n",
      fixed:
        "FROM python:3.12-slim-trixie\nRUN apt-get update && apt-get install -y --no-install-recommends \\\n    libgl1 \\\n    libglib2.0-0\n",
    },
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get install -y netcat\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y netcat-openbsd\n",
      fixed: "FROM debian:12\nRUN apt-get update && apt-get install -y netcat-openbsd\n",
    },
  ],
  check(file, report) {
    if (!/\bapt(?:-get|itude)?\b/.test(file.text) || addsRepository(file)) return;
    for (const stage of file.stages) {
      const os = baseOf(stage)?.os;
      if (os === undefined || (os.family !== "debian" && os.family !== "ubuntu")) continue;
      for (const install of packageCommandsOf(file, stage.instructions)) {
        if (install.manager !== "apt" || install.action !== "install" || install.subcommand !== "install")
          continue;
        if (install.options.has("-t") || install.options.has("--target-release") || isOptional(install))
          continue;
        const names = new Set(install.packages.map((one) => one.name));
        for (const { name, word } of install.packages) {
          if (!word.literal || word.raw !== word.value || word.value.includes("/")) continue;
          const answer = gonePackage(name, os);
          if (answer === undefined) continue;
          const { instead, renamed } = answer;
          const where = `${os.family === "debian" ? "Debian" : "Ubuntu"} ${os.version}`;
          const edit: Edit | undefined =
            instead === undefined || names.has(instead)
              ? undefined
              : { start: word.start, end: word.end, text: word.raw.replace(name, () => instead) };
          report({
            at: word,
            message: `${where} has no package ${name}${instead === undefined ? "" : `; ${instead} takes its place`}`,
            ...(edit !== undefined && {
              fix: { title: `install ${instead}`, risk: renamed ? "safe" : "unsafe", edits: [edit] },
            }),
          });
        }
      }
    }
  },
});

/** With other repositories a name may be there after all. */
function addsRepository(file: Dockerfile): boolean {
  return /add-apt-repository|sources\.list|deb \[|deb https?:|\.sources\b|repository|_repo\b|extrepo|setup_\d+\.x/.test(
    file.text,
  );
}

/** What may fail: `apt-get install x || apt-get install y`. */
function isOptional({ command, script }: ReturnType<typeof packageCommandsOf>[number]): boolean {
  const at = script.commands.indexOf(command);
  if (command.depth > 0 && /\bif\b|\bcase\b/.test(script.text)) return true;
  return command.joint === "||" || script.commands[at + 1]?.joint === "||";
}
