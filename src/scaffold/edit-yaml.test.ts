import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { editYaml } from "./edit-yaml.ts";

const text = `# of the file
version: 1

# what we chose
choices:
  port: 8000 # behind the proxy
  # as the lab has it
  driver: '550'
  gpus: [rtx4090,   a100]
yours: []
list:
  # the first
  - a
  - b # the second

# the end
answers:
  z: 1
  frameworks:
    - name: torch # ours
      version: "2.5"
    - name: jax
`;

describe("a YAML text that is edited", () => {
  it("stays as it is where it says the same", () => {
    expect(editYaml(text, parse(text) as Record<string, unknown>)).toBe(text);
  });

  it("keeps comments, order and quotes of what it says otherwise", () => {
    const edited = editYaml(text, {
      version: 1,
      choices: { gpus: ["h100"], driver: "570", port: 8000, python: "3.12" },
      yours: ["compose.yaml"],
      list: ["0", "b", "a"],
      answers: { frameworks: [{ name: "jax" }, { name: "torch", version: "2.6" }], y: {}, z: 1 },
    });
    expect(edited).toBe(`# of the file
version: 1

# what we chose
choices:
  port: 8000 # behind the proxy
  python: "3.12"
  # as the lab has it
  driver: "570"
  gpus: [ h100 ]
yours:
  - compose.yaml
list:
  - "0"
  - b # the second
  # the first
  - a

# the end
answers:
  z: 1
  frameworks:
    - name: jax
    - name: torch # ours
      version: "2.6"
  y: {}
`);
  });

  it("loses what is not said any more", () => {
    expect(editYaml("a: 1 # one\n# two\nb: 2\n", { b: 2 })).toBe("# two\nb: 2\n");
  });

  const word = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom("12.8", "yes", "#a", "a: b", "- a", ""));
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      word,
      fc.integer(),
      fc.boolean(),
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("any"), { maxKeys: 4 }),
    ),
  })).any;
  const fields = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), value, { maxKeys: 5 });

  it("says what it is to say, whatever it said before", () => {
    fc.assert(
      fc.property(fields, fields, (before, after) => {
        const edited = editYaml(stringify(before), after);
        expect(parse(edited)).toEqual(after);
        expect(editYaml(edited, after)).toBe(edited);
      }),
      { numRuns: 300 },
    );
  });
});
