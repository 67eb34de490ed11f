import type { Range } from "../../dockerfile/text.ts";
import type { ShellCommand } from "../../dockerfile/shell.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { hasSwitch, runsOf } from "../knowledge/commands.ts";
import { namesOf } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

const off = /^["']?(?:0|false|no|off)["']?$/i;
const on = /^["']?(?:1|true|yes|on)["']?$/i;
/** Variables that switch it off, with the values that do. */
const variables: Readonly<Record<string, RegExp>> = {
  PYTHONHTTPSVERIFY: off,
  NODE_TLS_REJECT_UNAUTHORIZED: off,
  NPM_CONFIG_STRICT_SSL: off,
  npm_config_strict_ssl: off,
  GIT_SSL_NO_VERIFY: on,
  CONDA_SSL_VERIFY: off,
  HF_HUB_DISABLE_SSL_VERIFY: on,
  PIP_TRUSTED_HOST: /\S/,
  UV_INSECURE_HOST: /\S/,
};

export const tlsVerificationOff = defineRule({
  kind: "dockerfile",
  name: "tls-verification-off",
  group: "security",
  severity: "warning",
  aliases: [
    "CKV2_DOCKER_2",
    "CKV2_DOCKER_3",
    "CKV2_DOCKER_4",
    "CKV2_DOCKER_5",
    "CKV2_DOCKER_6",
    "CKV2_DOCKER_12",
    "CKV2_DOCKER_13",
    "CKV2_DOCKER_14",
    "CKV2_DOCKER_15",
    "CKV2_DOCKER_16",
  ],
  meaning: "A download does not check the certificate of its server.",
  why: "Whoever sits between the build and the server decides what is installed, and it runs as root. Where a company's proxy is the reason, copy its certificate into the image and run update-ca-certificates; pip, conda and git take it from there, or from `PIP_CERT` and `SSL_CERT_FILE`.",
  examples: [
    {
      bad: "FROM debian:12\nRUN curl -fsSkL https://lab.example/tool -o /usr/local/bin/tool\n",
      good: "FROM debian:12\nRUN curl -fsSL https://lab.example/tool -o /usr/local/bin/tool\n",
    },
    {
      bad: "FROM python:3.12-slim\nENV PIP_TRUSTED_HOST=pypi.lab.example\n",
      good: "FROM python:3.12-slim\nENV PIP_CERT=/etc/ssl/certs/lab.pem\n",
    },
  ],
  check(file, report) {
    const tell = (what: string, at: Range): void =>
      report({ at, message: `${what} accepts a download from anybody who answers for the server` });
    for (const instruction of file.instructions) {
      if (instruction.keyword !== "ENV" && instruction.keyword !== "ARG") continue;
      for (const { name, value, start, end } of namesOf(instruction))
        if (switchesOff(name, value)) tell(name, { start, end });
    }
    for (const instruction of runsOf(file)) {
      for (const { commands } of readShell(file, instruction)) {
        for (const command of commands) {
          // What is exported last ends with the RUN, before anything reads it.
          if (command.name === "export" && command === commands.at(-1)) continue;
          const what =
            unchecked(command) ??
            [...command.assignments].find(([name, value]) => switchesOff(name, value))?.[0];
          if (what !== undefined) tell(what, command);
        }
      }
    }
  },
});

function switchesOff(name: string, value: string | undefined): boolean {
  return value !== undefined && Object.hasOwn(variables, name) && variables[name]?.test(value) === true;
}

/** The option that switches it off. */
function unchecked({ name, args }: ShellCommand): string | undefined {
  const has = (pattern: RegExp): string | undefined => args.find((word) => pattern.test(word.value))?.value;
  /** `config set key value`, `--set key value`. */
  const pair = (key: RegExp, value: RegExp): string | undefined =>
    args.find((word, at) => key.test(word.value) && value.test(args[at + 1]?.value ?? ""))?.value;
  if (name === "curl")
    return hasSwitch(args, ["--insecure"], "k", "AbcCdDeEFhHKmoPQrtTuUwxXyYz") ? "curl -k" : undefined;
  if (name === "wget") return has(/^--no-check-certificate$/);
  if (/^(?:pip[\d.]*|python[\d.]*|uv)$/.test(name))
    return (
      has(/^--(?:trusted-host|allow-insecure-host|insecure-host)(?:=|$)/) ??
      pair(/^(?:global|install)\.trusted-host$/, /\S/)
    );
  if (/^(?:npm|yarn|pnpm)$/.test(name))
    return (
      has(/^--(?:no-strict-ssl|strict-ssl=false)$/) ??
      has(/^strict-ssl=false$/) ??
      pair(/^(?:--)?(?:strict-ssl|enableStrictSsl)$/i, off)
    );
  if (name === "git")
    return has(/^http\.sslVerify=(?:false|0)$/i) ?? pair(/^http(?:\..*)?\.sslVerify$/i, off);
  if (/^(?:yum|dnf|microdnf)$/.test(name)) return has(/^(?:--setopt=)?.*sslverify=(?:0|false)$/i);
  if (/^(?:conda|mamba|micromamba)$/.test(name)) return has(/^--insecure$/) ?? pair(/^ssl_verify$/, off);
  return name === "export"
    ? args.map((word) => word.value.split("=")).find(([key = "", value]) => switchesOff(key, value))?.[0]
    : undefined;
}
