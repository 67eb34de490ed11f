import { usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

const options: Readonly<Record<string, RegExp>> = {
  apk: /^--allow-untrusted$/,
  apt: /^--(?:allow-unauthenticated|force-yes)$/,
  "apt-get": /^--(?:allow-unauthenticated|force-yes)$/,
  yum: /^--nogpgcheck$/,
  dnf: /^--no-?gpgchecks?$/,
  microdnf: /^--no-?gpgchecks?$/,
  tdnf: /^--nogpgcheck$/,
  rpm: /^--no(?:signature|digest)$/,
  zypper: /^--no-gpg-checks$/,
};

export const signatureCheckOff = defineRule({
  kind: "dockerfile",
  name: "signature-check-off",
  group: "security",
  severity: "warning",
  aliases: ["CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11"],
  meaning: "A package manager is told to install packages that nobody has signed.",
  why: "The signature is what tells a package of the distribution from one that a mirror or a proxy has put in its place. Import the key of the repository instead.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get install -y --allow-unauthenticated tool\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y tool\n",
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(file, ...Object.keys(options))) {
      const option = command.args.find((word) => options[command.name]?.test(word.value));
      if (option !== undefined)
        report({ at: option, message: `${option.value} installs packages that nobody has signed` });
    }
  },
});
