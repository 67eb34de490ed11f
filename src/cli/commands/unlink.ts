import { defineCommand } from "../command.ts";

export const unlink = defineCommand({
  name: "unlink",
  summary: "take a project's link to a shared base away",
  usage: ["unlink [--project DIR]"],
  description: [
    "Removes what ddiff link has made: all of .venv, or only what is the base's where something else is installed in it, and its part of uv.toml.",
  ],
  arguments: [],
  options: {
    project: {
      value: "DIR",
      complete: "directory",
      help: "the project, the current folder when not said",
    },
  },
  examples: [{ text: "Take the link away", command: "ddiff unlink" }],
  async run(call) {
    const { project = "." } = call.options;
    const { LocalBase } = await import("../../bases/linking.ts");
    const tempDir = async (): Promise<string> => (await call.context()).tempDir;
    const done = await (await LocalBase.openOrStandIn(undefined, project, tempDir)).unlink(project);
    const kept =
      done.kept === 0 ? ".venv is gone" : `.venv stays with ${done.kept} packages that are installed in it`;
    return {
      json: done,
      summary: [
        done.removed ? `${done.project} is no longer linked; ${kept}` : `${done.project} is not linked`,
      ],
    };
  },
});
