import { describe, expect, it } from "vitest";
import { checkAnswers, hashOf, type InitRecord, parseAnswersFile, writeAnswersFile } from "./answers-file.ts";
import { splitWords } from "./split-words.ts";
import { cases } from "./testing/answers.ts";

const [first] = cases;
if (first === undefined) throw new Error("there are no cases");
const record: InitRecord = {
  choices: {
    gpus: ["rtx4090"],
    driver: "550",
    serve: ["sh", "-c", "a && b: c #d"],
    port: 8000,
    manager: "pip",
    frameworks: [],
    system: ["libzstd1"],
    without: ["ffmpeg"],
    sources: ["src/app"],
    weightFolder: "nets",
    dataFolders: ["inputs"],
  },
  yours: ["compose.yaml"],
  answers: { ...first.answers, systemPackages: ["libzstd1"] },
  files: new Map([["Dockerfile", hashOf("FROM scratch\n")]]),
};

describe("ddiff.yaml", () => {
  it.each(cases.map((one) => [one.title, one.answers] as const))("keeps the answers of %s", (_, answers) => {
    const text = writeAnswersFile({ ...record, answers });
    const read = parseAnswersFile(text);
    expect(JSON.parse(JSON.stringify(read.answers))).toEqual(JSON.parse(JSON.stringify(answers)));
    expect(read).toMatchObject({ choices: record.choices, yours: record.yours });
    expect(writeAnswersFile(read)).toBe(text);
  });

  it("is not written where a file of the project has a line end in its name", () => {
    const answers = { ...first.answers, sources: ["src", "a\nUSER root"] };
    expect(() => checkAnswers(answers)).toThrow(expect.objectContaining({ code: "ANSWERS_UNUSABLE" }));
  });

  it.each([
    ["another version", (text: string) => text.replace("version: 1", "version: 2"), "version"],
    ["a slip in a key", (text: string) => text.replace("driver:", "drivr:"), "drivr"],
    [
      "a line end in a command",
      (text: string) => text.replace("a && b: c #d", "a\\nRUN rm -rf /"),
      "choices.serve",
    ],
    [
      "a registry that ends a line",
      (text: string) => text.replace("port: 8000", 'registry: "a\\nb"'),
      "registry",
    ],
    ["a stage that is none", (text: string) => text.replace("- serve-cpu", "- serve-tpu"), "stages"],
    ["a folder outside of the project", (text: string) => text.replace("nets", "a/../../b"), "weightFolder"],
    ["two words for a package", (text: string) => text.replace("libzstd1", "a && b"), "choices.system"],
    ["aliases without end", () => "a: &a [1]\nb: &b [*a, *a]\nversion: 1\n", ""],
    ["no YAML", () => "a: [", ""],
  ])("is refused with %s", (_, change, where) => {
    const text = change(writeAnswersFile(record));
    expect(() => parseAnswersFile(text)).toThrow(
      expect.objectContaining({ code: "ANSWERS_INVALID", message: expect.stringContaining(where) as string }),
    );
  });
});

describe("a command as a person types it", () => {
  it.each([
    ["python -m app.serve --name 'a b'", ["python", "-m", "app.serve", "--name", "a b"]],
    ['uvicorn "app:make()"', ["sh", "-c", 'uvicorn "app:make()"']],
    ['python a\\ b.py "c\\"d" \'\'', ["python", "a b.py", 'c"d', ""]],
    ["make data && python train.py", ["sh", "-c", "make data && python train.py"]],
  ])("%s", (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });
});
