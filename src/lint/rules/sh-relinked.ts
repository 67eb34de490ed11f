import { usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const shRelinked = defineRule({
  kind: "dockerfile",
  name: "sh-relinked",
  group: "shell",
  severity: "info",
  aliases: ["DL4005"],
  meaning: "/bin/sh is replaced by a link to another shell.",
  why: 'Every program of the image that calls sh gets the other shell, too, and an update of the package dash puts it back. `SHELL ["/bin/bash", "-o", "pipefail", "-c"]` changes it for the RUN instructions only.',
  examples: [
    {
      bad: "FROM debian:12\nRUN ln -sf /bin/bash /bin/sh\n",
      good: 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN true\n',
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(file, "ln")) {
      if (
        command.args.at(-1)?.value !== "/bin/sh" &&
        !command.args.some((word) => word.value === "/bin/sh" && command.args.length > 2)
      )
        continue;
      report({ at: command, message: "/bin/sh becomes another shell for all programs of the image" });
    }
  },
});
