import { describe, expect, it } from "vitest";
import { fixText } from "../src/lint/fix.ts";
import { rules } from "../src/lint/rules.ts";
import { checkWith } from "../src/lint/testing/check.ts";
import { compareBuildkit, compareHadolint, isAdopted } from "../bench/lint/agreement.ts";
import { compareReaders } from "../bench/lint/conformance.ts";
import { disagreements, notAdopted } from "../bench/lint/disagreements.ts";
import { corpusFolder, readCorpus } from "../bench/lint/corpus.ts";
import { readBuildkitCases, readChecks } from "../bench/lint/oracles/buildkit.ts";
import { readHadolintCases, readSpec } from "../bench/lint/oracles/hadolint.ts";
import {
  buildkitParser,
  crashes,
  examine,
  fixAll,
  refusedBy,
  refusedByOne,
} from "../bench/lint/real-files.ts";
import { skipPrefix } from "./support/names.ts";
import { describePlace } from "./support/tools.ts";

describe("the reader of hadolint's specs", () => {
  it("reads literals, lists, names, configurations and assertions of a number", () => {
    const spec = String.raw`
spec = do
  let ?config = def { allowedRegistries = ["x.example"] }
  describe "DL9001 - it" $ do
    it "one line" $ ruleCatches "DL9001" "RUN a \"b\"\tc"
    it "a list" $
      let file = [ "FROM x", -- a comment
                   "RUN a \
                   \b" ]
       in ruleCatchesNot "DL9001" $ Text.unlines file
    it "in ONBUILD" $ do
      let ?config = def { labelSchema = Map.fromList [("when", Rule.Rfc3339)], strictLabels = True }
      onBuildRuleCatches "DL9001" "FROM x\nRUN a \\\n RUN b"
    it "counted" $ do
      let rule = "DL9002"
      let file = [ "FROM y" ]
      assertChecks ( Text.unlines file ) ( failsWith 3 rule )
`;
    expect(readSpec("DL9001", spec)).toMatchObject([
      {
        key: "DL9001#1",
        id: "DL9001",
        dockerfile: 'RUN a "b"\tc\n',
        expected: "some",
        config: { trustedRegistries: ["x.example"] },
      },
      { dockerfile: "FROM x\nRUN a b\n\n", expected: 0 },
      {
        dockerfile: "FROM x\nONBUILD RUN a \\\n RUN b\n",
        expected: "some",
        config: { labelSchema: { when: "rfc3339" }, strictLabels: true },
      },
      { id: "DL9002", dockerfile: "FROM y\n\n", expected: 3, config: { trustedRegistries: ["x.example"] } },
    ]);
  });
});

describe("the reader of BuildKit's check tests", () => {
  it("reads tables, formats, helpers and what the lint request alone says", () => {
    const source = [
      "func testIt(t *testing.T, sb integration.Sandbox) {",
      '  base := integration.UnixOrWindows("alpine", "nanoserver")',
      "  warn := func(name string, line int) expectedLintWarning {",
      '    return expectedLintWarning{ RuleName: "It", Detail: fmt.Sprintf("the %s", name), Line: line }',
      "  }",
      "  dockerfile := fmt.Appendf(nil, `FROM %s",
      "CMD x`, base)",
      "  checkLinterWarnings(t, sb, &lintTestParams{",
      "    Dockerfile: dockerfile, // a comment",
      "    DockerIgnore: []byte(`*`),",
      '    Warnings: []expectedLintWarning{warn("CMD", 2)},',
      '    FrontendAttrs: map[string]string{"build-arg:X": "1"},',
      "  })",
      "  dockerfile = []byte(`FROM a`)",
      "  checkLinterWarnings(t, sb, &lintTestParams{Dockerfile: dockerfile, UnmarshalWarnings: []expectedLintWarning{{RuleName: `It`, Line: 9}}})",
      "  checkLinterWarnings(t, sb, &lintTestParams{Dockerfile: fmt.Appendf(nil, `FROM %s`, target)})",
      "}",
      "func checkLinterWarnings(t *testing.T, sb integration.Sandbox, lintTest *lintTestParams) {}",
    ].join("\n");
    expect(readChecks(source)).toEqual({
      checks: [
        {
          key: "It#1",
          dockerfile: "FROM alpine\nCMD x",
          dockerignore: "*",
          attributes: { "build-arg:X": "1" },
          warnings: [{ rule: "It", line: 2 }],
          fails: false,
        },
        {
          key: "It#2",
          dockerfile: "FROM a",
          dockerignore: undefined,
          attributes: {},
          warnings: [{ rule: "It", line: undefined }],
          fails: false,
        },
      ],
      unread: ["It#3"],
    });
  });
});

const mirrors = process.env["DDIFF_MIRRORS"];
const buildkit = mirrors === undefined ? undefined : readBuildkitCases(mirrors);
const hadolint = mirrors === undefined ? undefined : readHadolintCases(mirrors);

const noBuildkit =
  buildkit === undefined ? "DDIFF_MIRRORS names no folder with moby/buildkit in it" : undefined;

describePlace("buildkit-tests", noBuildkit, () => {
  const cases = buildkit as NonNullable<typeof buildkit>;

  it("the rules agree with all of BuildKit's own check tests", () => {
    const outcomes = cases.checks.map(compareBuildkit);
    expect(outcomes.length).toBeGreaterThan(80);
    expect(outcomes.filter(({ agrees, key }) => !agrees && !(key in disagreements))).toEqual([]);
  });

  const readers = compareReaders(cases);
  it.each([
    ["files", 30],
    ["files that are refused", 4],
    ["variables", 200],
    ["patterns and what is unset", 40],
    ["words", 20],
    ["heredocs", 20],
  ])("the readers agree with all of BuildKit's own parser tests: %s", (id, least) => {
    const outcomes = readers.filter((one) => one.id === id);
    expect(outcomes.length).toBeGreaterThanOrEqual(least);
    expect(outcomes.filter(({ agrees, key }) => !agrees && !(key in disagreements))).toEqual([]);
  });
});

const parser = buildkitParser();
const noParser =
  parser === undefined ? "neither DDIFF_BUILDKIT_PARSER nor buildkit-parse on the PATH is there" : undefined;

describePlace("buildkit-parser", noParser, () => {
  const texts = rules.flatMap((rule) => {
    if (rule.kind !== "dockerfile") return [];
    return rule.examples.flatMap((example, index) => {
      const check = (text: string) => checkWith(rule, text, example);
      const written = { good: example.good, fixed: example.fixed };
      const fixed = { "safely fixed": fixText(example.bad, check, false).text };
      return Object.entries({ ...written, ...(example.fixed === undefined ? {} : fixed) }).flatMap(
        ([what, text]) => (text === undefined ? [] : [{ name: `${rule.name} ${index + 1}, ${what}`, text }]),
      );
    });
  });

  it("takes every example that a rule calls good, and whatever fixes make of the bad ones", () => {
    const said = refusedBy(
      parser ?? "",
      texts.map(({ text }) => text),
    );
    expect(texts.length).toBeGreaterThan(100);
    expect(
      texts.flatMap(({ name }, index) => (said[index] === undefined ? [] : [`${name}: ${said[index]}`])),
    ).toEqual([]);
  });
});

describe("agreement with hadolint", () => {
  if (hadolint === undefined)
    it.skip(`${skipPrefix}DDIFF_MIRRORS names no folder with hadolint/hadolint in it`, () => {});
  else {
    const outcomes = hadolint.cases.filter(({ id }) => isAdopted(id)).map(compareHadolint);
    it("is at least 97 % on its own specs of the adopted ids", () => {
      expect(outcomes.filter(({ agrees }) => agrees).length / outcomes.length).toBeGreaterThanOrEqual(0.97);
    });
    it("has a reason for each disagreement, and none for what agrees", () => {
      const apart = outcomes.filter(({ agrees }) => !agrees).map(({ key }) => key);
      expect(apart.filter((key) => !(key in disagreements))).toEqual([]);
      expect(Object.keys(disagreements).filter((key) => !apart.includes(key))).toEqual([]);
    });
    it("has a reason for each id without a rule", () => {
      const left = new Set(hadolint.cases.map(({ id }) => id).filter((id) => !isAdopted(id)));
      expect([...left].sort()).toEqual(Object.keys(notAdopted).sort());
    });
  }
});

describe("real files", () => {
  const files = readCorpus();
  if (files.length === 0)
    it.skip(`${skipPrefix}${corpusFolder} is empty: node bench/lint/corpus.ts fill MIRRORS`, () => {});
  else {
    it("are linted without a crash, and every fix of theirs is sound", { timeout: 300_000 }, async () => {
      const examined = await examine(files);
      expect(crashes(examined)).toEqual([]);
      expect(examined.filter(({ file }) => file.kind === "dockerfile").length).toBeGreaterThan(2000);
      const fixed = fixAll(examined, false);
      expect(fixed.restless).toEqual([]);
      if (parser !== undefined) expect(fixed.refused).toEqual([]);
    });
    it.skipIf(parser === undefined)(
      "are refused where BuildKit's parser refuses them, and only there",
      () => {
        // Other tools' tests hold what nobody writes: an instruction without a word, flags of nobody.
        const real = files.filter(({ group }) => group !== "fixture");
        expect(refusedByOne(parser ?? "", real)).toEqual([]);
      },
    );
  }
});
