import { mountsOf, textAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

/** Managers of containers, whose job it is. */
const managers =
  /portainer|yacht|openhands|outside-of-docker|traefik|watchtower|dozzle|nginx-proxy|acme-companion|autoheal|diun|ouroboros|lazydocker|dockge|docker-socket-proxy|cadvisor|promtail|alloy|vector|datadog|runner|jenkins|ofelia/;

export const composeDockerSocket = defineRule({
  kind: "compose",
  name: "compose-docker-socket",
  group: "compose",
  severity: "info",
  aliases: ["exposing-docker-socket-volume"],
  meaning: "A service can reach Docker's socket.",
  why: "Who can speak to it can start a container with the host's disk in it: that is root on the host, and mounting the socket read-only does not change it. Tools that manage containers need it; a proxy such as tecnativa/docker-socket-proxy gives them only what they use. Silent where a comment of the service says what the socket is for.",
  examples: [
    {
      bad: "services:\n  api:\n    image: lab/api:1\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock\n",
      good: "services:\n  api:\n    image: lab/api:1\n",
    },
  ],
  check(file, report, context) {
    for (const service of file.services) {
      const [start, , end] = service.node.range ?? [0, 0, 0];
      if (isExplained(file.text.slice(start, end))) continue;
      if (managers.test(`${context.path} ${service.name} ${textAt(service, "image") ?? ""}`.toLowerCase()))
        continue;
      for (const { source, at } of mountsOf(service)) {
        if (source === undefined || !/^(?:\/var)?\/run\/docker\.sock$/.test(source)) continue;
        report({ at, message: `${service.name} can become root on the host through Docker's socket` });
      }
    }
  },
});

/** A comment that says what the socket is for. */
function isExplained(text: string): boolean {
  const comments = text
    .split("\n")
    .map((line) => /^\s*#(.*)$|\s#(.*)$/.exec(line))
    .map((match) => match?.[1] ?? match?.[2] ?? "")
    .join(" ");
  return (
    /docker(?:'s)? socket|docker\.sock/i.test(comments) &&
    /\b(?:so that|because|needed|required|to|for)\b/i.test(comments)
  );
}
