import type { ShellCommand, ShellScript } from "../../dockerfile/shell.ts";
import type { Range } from "../../dockerfile/text.ts";
import { runsOf } from "../knowledge/commands.ts";
import { namesVersion } from "../knowledge/downloads.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { defineRule } from "../rule.ts";

const shells = new Set("sh bash dash ash zsh python python3 perl node".split(" "));
/** Images from which the tool can be copied instead. */
const images: readonly (readonly [RegExp, string])[] = [
  [/astral\.sh\/uv/, "COPY --from=ghcr.io/astral-sh/uv:VERSION /uv /bin/ brings one version"],
  [
    /pixi\.sh/,
    "COPY --from=ghcr.io/prefix-dev/pixi:VERSION /usr/local/bin/pixi /usr/local/bin/ brings one version",
  ],
];

export const curlPipeShell = defineRule({
  kind: "dockerfile",
  name: "curl-pipe-shell",
  group: "shell",
  severity: "info",
  aliases: [],
  meaning: "A script is fetched and run without anybody saying which version of it.",
  why: "What the server hands out on the day of the build is run as root: another version each month, an error page that the shell tries to run, or something else when the domain has changed hands. Name a version in the address, compare a checksum, or copy the tool from its image. Addresses with a version in them are not reported.",
  examples: [
    {
      bad: "FROM debian:12\nRUN curl -fsSL https://pixi.sh/install.sh | bash\n",
      good: "FROM debian:12\nCOPY --from=ghcr.io/prefix-dev/pixi:0.39.5 /usr/local/bin/pixi /usr/local/bin/\n",
    },
    {
      bad: 'FROM debian:12\nRUN sh -c "$(wget -qO- https://lab.example/setup.sh)"\n',
      good: "FROM debian:12\nRUN curl -fsSL https://lab.example/v1.4.2/setup.sh | sh\n",
    },
  ],
  check(file, report) {
    if (!/curl|wget/.test(file.text)) return;
    const byHost = new Map<string, { at: Range; runner: string; url: string; places: Set<number> }>();
    for (const instruction of runsOf(file)) {
      for (const script of readShell(file, instruction)) {
        for (const command of script.commands) {
          const url = command.args.find((word) => /^https?:\/\//.test(word.value))?.raw;
          if ((command.name !== "curl" && command.name !== "wget") || url === undefined) continue;
          const runner = runnerOf(command, script);
          if (runner === undefined) continue;
          const variables = [command, runner].flatMap((one) =>
            [...one.assignments].map((pair) => pair.join("=")),
          );
          const options = runner.args.map((word) => word.raw).join(" ");
          if ([url, options, ...variables].some(namesVersion)) continue;
          const found = byHost.get(hostOf(url));
          if (found === undefined) {
            const places = new Set([command.start]);
            byHost.set(hostOf(url), { at: command, runner: runner.name, url, places });
          } else found.places.add(command.start);
        }
      }
    }
    for (const [host, { at, runner, url, places }] of byHost) {
      const better = images.find(([pattern]) => pattern.test(url))?.[1];
      const times = places.size > 1 ? ` (${places.size} times in this file)` : "";
      report({
        at,
        message: `${runner} runs whatever ${host} hands out today${times}${better === undefined ? "" : `; ${better}`}`,
      });
    }
  },
});

/** The shell that gets what a command prints. */
function runnerOf(command: ShellCommand, script: ShellScript): ShellCommand | undefined {
  const piped = script.commands.find(
    (one) =>
      one.start > command.start &&
      one.joint === "|" &&
      one.pipeline === command.pipeline &&
      one.depth === command.depth &&
      shells.has(one.name) &&
      // A program of its own reads the page as its input.
      !one.args.some((word) => /^-\w*c$/.test(word.value)),
  );
  if (piped !== undefined) return piped;
  return script.commands.find(
    (one) =>
      shells.has(one.name) &&
      one.args.some(
        (word) =>
          word.start < command.start && word.end >= command.end && /^["']?(?:\$\(|<\(|`)/.test(word.raw),
      ),
  );
}

function hostOf(url: string): string {
  return /^https?:\/\/([^/]+)/.exec(url)?.[1] ?? url;
}
