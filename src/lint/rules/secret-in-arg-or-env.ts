import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { unquoted } from "../../dockerfile/read-words.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { imageSets, namesOf, rootImage, unsetIn } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

const secret =
  /(?:^|_)(?:apikey|auth|credentials?|key|passphrase|password|pword|passwd|secret|token|private_?key)(?:_|$)/i;
/** What says that the value is no secret itself but where, how long or what kind it is. */
const harmless =
  /(?:^|_)(?:public|file|version)(?:_|$)|_(?:path|dir|url|uri|endpoint|type|name|format|size|length|limit|ttl|timeout|mode|enabled?|host|port|server|provider|algorithm|header|prefix|config|store|helper|command|image|id_?file|role)$/i;
/** Switches, numbers, and where something is instead of what it is. */
const plainValue =
  /^(?:[/~.][\w./~-]*|https?:\/\/[^@\s]*|true|false|yes|no|on|off|none|null|auto|\d+(?:\.\d+)?)$/i;

export const secretInArgOrEnv = defineRule({
  kind: "dockerfile",
  name: "secret-in-arg-or-env",
  group: "security",
  severity: "warning",
  aliases: ["SecretsUsedInArgOrEnv", "DL3064", "DS-0031", "CIS-DI-0010"],
  meaning: "ARG or ENV has the name of a secret.",
  why: 'ENV is in the configuration of the image and ARG in its history: whoever can pull the image reads both with `docker history` or `docker inspect`, also when a later line overwrites them. Give it to the one RUN that needs it with `--mount=type=secret,id=...,env=...`, and to the running container with `-e` or a secret. The history of a stage from which only files are copied is not in the image, but in the cache and the record of the build. `ENV NAME=""` and a value that only names variables without one hold nothing.',
  examples: [
    {
      bad: "FROM python:3.12-slim\nARG HF_TOKEN\nRUN hf download org/model --token $HF_TOKEN\n",
      good: "FROM python:3.12-slim\nRUN --mount=type=secret,id=HF_TOKEN,env=HF_TOKEN hf download org/model\n",
    },
  ],
  check(file, report) {
    const staged = new Set(
      file.instructions.flatMap((one) =>
        one.keyword === "ARG" && one.stage >= 0 ? namesOf(one).map(({ name }) => name) : [],
      ),
    );
    for (const instruction of file.instructions) {
      const inner = instruction.trigger ?? instruction;
      const { keyword } = inner;
      if (keyword !== "ARG" && keyword !== "ENV") continue;
      for (const { name, value, start, end } of namesOf(inner)) {
        if (!secret.test(name) || harmless.test(name)) continue;
        // One that a stage names again is found there.
        if (instruction.stage < 0 && staged.has(name)) continue;
        const text = unquoted(value ?? "", file.escape);
        if (plainValue.test(text) || isFingerprint(name, text)) continue;
        if (/^(?:""|'')$/.test(value ?? "") || isEmptyReference(file, instruction, value ?? "")) continue;
        const stage = file.stages[instruction.stage];
        const ships = stage === undefined || keyword === "ENV" || shippedStages(file).has(stage);
        report({
          at: { start, end },
          message: ships
            ? `${keyword} ${name} stays readable in the image for whoever can pull it`
            : `ARG ${name} stays readable in the cache and the record of the build`,
        });
      }
    }
  },
});

/** Whether the value is one variable, which has no value in this stage: `ENV TOKEN=${TOKEN}` without an ARG. */
function isEmptyReference(file: Dockerfile, instruction: Instruction, value: string): boolean {
  const name = /^"?\$(?:(\w+)|\{(\w+)\})"?$/.exec(value);
  const stage = file.stages[instruction.stage];
  if (name === null || stage === undefined) return false;
  const unset = unsetIn(value, file.before(instruction).variables, file.escape);
  return unset.length > 0 && imageSets(rootImage(stage), name[1] ?? name[2] ?? "") === false;
}

/** The keys by which packages are verified are public. */
function isFingerprint(name: string, value: string): boolean {
  return /gpg|pgp|signing|release/i.test(name) && /^[0-9A-Fa-f\s]{8,64}$/.test(value);
}
