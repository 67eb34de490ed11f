import { defineRule } from "../rule.ts";

export const composeHostNetwork = defineRule({
  kind: "compose",
  name: "compose-host-network",
  group: "compose",
  severity: "off",
  aliases: [],
  meaning: "A service shares the network of the host.",
  why: "It can reach everything that listens on 127.0.0.1 and opens ports of its own without saying so in `ports`. Training over several machines needs it for NCCL and RDMA, so it is off by default.",
  examples: [
    {
      bad: "services:\n  api:\n    image: lab/api:1\n    network_mode: host\n",
      good: 'services:\n  api:\n    image: lab/api:1\n    ports:\n      - "8000:8000"\n',
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      if (service.get("network_mode") !== "host") continue;
      report({
        at: service.range("network_mode"),
        message: `${service.name} reaches everything that listens on the host itself`,
      });
    }
  },
});
