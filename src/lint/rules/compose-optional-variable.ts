import { variablesAt } from "../../dockerfile/compose-values.ts";
import type { Range } from "../../dockerfile/text.ts";
import { defineRule } from "../rule.ts";

/** Services that people train without as well. */
const optional =
  /^(?:WANDB|HF|HUGGING_?FACE|HUGGINGFACEHUB|COMET|NEPTUNE|CLEARML|MLFLOW|OPENAI|ANTHROPIC|LANGCHAIN|LANGSMITH|KAGGLE|SENTRY)_?/;

/** As many variables without a value do not come from anybody's fingers. */
const enough = 4;

export const composeOptionalVariable = defineRule({
  kind: "compose",
  name: "compose-optional-variable",
  group: "compose",
  severity: "info",
  aliases: [],
  meaning: "An optional variable is passed on as `KEY=${KEY}`, which warns where it is not set.",
  why: 'Compose puts in an empty text and says `The "WANDB_API_KEY" variable is not set` at each command, until nobody reads its warnings. `${KEY:-}` means the same and says that this is meant; `${KEY:?}` stops instead where the service cannot run without it. Silent where a .env file beside it sets the variable, and where four other variables of services have no default: a script sets them all.',
  examples: [
    {
      bad: "services:\n  train:\n    image: lab/train:1\n    environment:\n      - WANDB_API_KEY=${WANDB_API_KEY}\n",
      good: "services:\n  train:\n    image: lab/train:1\n    environment:\n      - WANDB_API_KEY=${WANDB_API_KEY:-}\n",
      fixed:
        "services:\n  train:\n    image: lab/train:1\n    environment:\n      - WANDB_API_KEY=${WANDB_API_KEY:-}\n",
    },
  ],
  check(file, report, context) {
    const known = context.read(".env") ?? "";
    const others = new Set<string>();
    const found = new Map<number, { name: string; at: Range; end: number }>();
    for (const service of file.services) {
      for (const { name, value, at } of variablesAt(service, "environment")) {
        const taken = /^\$\{(\w+)\}$/.exec(value ?? "")?.[1];
        if (taken === undefined) continue;
        if (new RegExp(`^(?:export )?${taken}=`, "m").test(known)) continue;
        if (!optional.test(name)) {
          others.add(taken);
          continue;
        }
        const brace = file.text.indexOf(`\${${taken}}`, at.start);
        if (brace < 0 || brace >= at.end) continue;
        // Services that share an anchor share the place.
        found.set(brace, { name: taken, at, end: brace + taken.length + 2 });
      }
    }
    const [first] = found.values();
    // So many that have to come from outside come from a script, which sets this one as well.
    if (first === undefined || others.size >= enough) return;
    const names = [...new Set([...found.values()].map((one) => one.name))];
    const shown =
      names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
    report({
      at: first.at,
      message: `each command warns where ${shown} ${names.length === 1 ? "is" : "are"} not set`,
      fix: {
        title: names.length === 1 ? `write \${${first.name}:-}` : "write :- after the names",
        risk: "safe",
        edits: [...found.values()].map(({ end }) => ({ start: end, end, text: ":-" })),
      },
    });
  },
});
