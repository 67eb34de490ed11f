import { portsOf, textAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

const everywhere = (ip: string): boolean => ip === "" || ip === "0.0.0.0";

/** Whether one name is the other with something before or behind it. */
function isVariant(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return (
    long === short ||
    long.startsWith(`${short}-`) ||
    long.endsWith(`-${short}`) ||
    long.startsWith(`${short}_`)
  );
}

export const composeDuplicatePort = defineRule({
  kind: "compose",
  name: "compose-duplicate-port",
  group: "compose",
  severity: "warning",
  aliases: ["no-duplicate-exported-ports"],
  meaning: "Two services publish the same port of the host.",
  why: "Only one of them gets it; the other does not start: `port is already allocated`. Services with profiles, and variants of one service by their names (`api` and `api-gpu`), are left alone: people choose one of them.",
  examples: [
    {
      bad: 'services:\n  a:\n    image: lab/a:1\n    ports: ["8000:80"]\n  b:\n    image: lab/b:1\n    ports: ["8000:8080"]\n',
      good: 'services:\n  a:\n    image: lab/a:1\n    ports: ["8000:80"]\n  b:\n    image: lab/b:1\n    ports: ["8001:8080"]\n',
    },
  ],
  check(file, report) {
    const taken = new Map<string, { service: string; ip: string }[]>();
    for (const service of file.services) {
      if (service.get("profiles") !== undefined || textAt(service, "deploy", "replicas") === "0") continue;
      if (textAt(service, "scale") === "0") continue;
      for (const { published, ip, protocol, at } of portsOf(service)) {
        if (published === undefined || published.includes("-")) continue;
        const key = `${published}/${protocol}`;
        const users = taken.get(key) ?? [];
        const other = users.find((one) => one.ip === ip || everywhere(one.ip) || everywhere(ip));
        taken.set(key, [...users, { service: service.name, ip }]);
        if (other === undefined || isVariant(other.service, service.name)) continue;
        report({
          at,
          message: `${other.service} has port ${published} already, so ${service.name} does not start`,
        });
      }
    }
  },
});
