import { packageCommandsOf } from "../knowledge/installs.ts";
import { defineRule } from "../rule.ts";

/** Options that were tried with pip 26.3 and uv 0.13.9 and refused, with what does the like. Short ones only where people take them for known. */
const refused: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "uv-pip install": {
    "--no-install": "uv pip install has --excludes FILE, and uv sync has --no-install-package",
    "--no-install-package": "that is an option of uv sync; uv pip install has --excludes FILE",
    "--no-install-project": "that is an option of uv sync",
    "--no-dependencies": "uv writes it --no-deps",
    "--ignore-installed": "uv writes it --reinstall",
    "--upgrade-strategy": "uv has --upgrade-package NAME",
    "--root-user-action": "uv does not warn about root",
    "--no-warn-script-location": "uv does not warn about that",
    "--prefer-binary": "uv has --no-build or --only-binary NAME",
    "--progress-bar": "uv writes it --no-progress",
    "--no-input": "uv asks nothing",
    "--timeout": "uv reads UV_HTTP_TIMEOUT",
    "--default-timeout": "uv reads UV_HTTP_TIMEOUT",
    "--retries": "uv reads UV_HTTP_RETRIES",
    "--locked": "that is an option of uv sync",
    "--frozen": "that is an option of uv sync",
    "--no-dev": "that is an option of uv sync",
    "--use-pep517": "uv always builds that way",
    "--platform": "uv writes it --python-platform",
  },
  "uv sync": {
    "--system": "uv sync writes into the environment that UV_PROJECT_ENVIRONMENT names",
    "--break-system-packages": "uv sync writes into the environment that UV_PROJECT_ENVIRONMENT names",
    "--no-install": "uv sync has --no-install-package",
    "--no-deps": "uv sync has --no-install-package",
    "--no-root": "uv sync writes it --no-install-project",
    "--no-project": "uv sync writes it --no-install-project",
    "--only-main": "uv sync writes it --no-dev",
    "--production": "uv sync writes it --no-dev",
    "--torch-backend": "that is an option of uv pip install",
    "--yes": "uv asks nothing",
  },
  "pip install": {
    "--system": "that is an option of uv",
    "--torch-backend": "that is an option of uv; pip has --index-url",
    "--index-strategy": "that is an option of uv",
    "--link-mode": "that is an option of uv",
    "--reinstall": "pip writes it --force-reinstall",
    "--prerelease": "pip writes it --pre",
    "--compile-bytecode": "pip writes it --compile",
    "--no-install": "pip has no way to leave out a package but --no-deps",
    "--override": "pip has --constraint",
    "--overrides": "pip has --constraint",
    "--default-index": "pip writes it --index-url",
    "--locked": "that is an option of uv sync",
    "--frozen": "that is an option of uv sync",
    "--no-dev": "that is an option of uv sync",
    "--yes": "pip install asks nothing",
    "-y": "pip install asks nothing",
  },
};

export const unknownPipOption = defineRule({
  kind: "dockerfile",
  name: "unknown-pip-option",
  group: "python",
  severity: "error",
  aliases: [],
  meaning: "pip or uv is given an option that it does not have.",
  why: "The build ends with `unexpected argument` or `no such option`. pip and uv share many options, but not all: what `uv sync` takes is often refused by `uv pip install`. The list was made by trying each with pip 26.3 and uv 0.13.9.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN uv pip install . --no-cache --no-install torch\n",
      good: "FROM python:3.12-slim\nRUN uv sync --no-install-package torch\n",
    },
    {
      bad: "FROM python:3.12-slim\nRUN pip install -y requests\n",
      good: "FROM python:3.12-slim\nRUN pip install requests && pip uninstall -y requests\n",
      fixed: "FROM python:3.12-slim\nRUN pip install requests\n",
    },
  ],
  check(file, report) {
    if (!/\bpip|uv\b/.test(file.text)) return;
    for (const install of file.stages.flatMap((stage) => packageCommandsOf(file, stage.instructions))) {
      const name = `${install.manager} ${install.subcommand}`;
      const options = Object.hasOwn(refused, name) ? refused[name] : undefined;
      if (options === undefined) continue;
      const seen = new Set<string>();
      for (const word of install.command.args) {
        const option = word.value.startsWith("--") ? word.value.replace(/=.*$/s, "") : word.value;
        const instead = Object.hasOwn(options, option) ? options[option] : undefined;
        if (instead === undefined || seen.has(option)) continue;
        seen.add(option);
        const program = install.manager === "uv-pip" ? "uv pip install" : name;
        const idle = instead.includes("asks nothing") && word.raw === option;
        report({
          at: word,
          message: `${program} has no option ${option}; ${instead}`,
          ...(idle && {
            fix: {
              title: `remove ${option}`,
              risk: "safe",
              edits: [
                {
                  start: word.start - (file.text.charAt(word.start - 1) === " " ? 1 : 0),
                  end: word.end,
                  text: "",
                },
              ],
            },
          }),
        });
      }
    }
  },
});
