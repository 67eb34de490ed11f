import { describe, expect, it } from "vitest";
import { readChecks } from "../bench/lint/oracles/buildkit.ts";
import { readSpec } from "../bench/lint/oracles/hadolint.ts";
import { compareBuildkit, compareHadolint, isAdopted } from "../bench/lint/agreement.ts";
import { disagreements, notAdopted } from "../bench/lint/disagreements.ts";
import { corpusFolder, readCorpus } from "../bench/lint/corpus.ts";
import { readBuildkitCases } from "../bench/lint/oracles/buildkit.ts";
import { readHadolintCases } from "../bench/lint/oracles/hadolint.ts";
import { buildkitParser, crashes, examine, fixAll } from "../bench/lint/real-files.ts";
import { skipPrefix } from "./support/names.ts";

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

describe("agreement with BuildKit", () => {
  if (buildkit === undefined)
    it.skip(`${skipPrefix}DDIFF_MIRRORS names no folder with moby/buildkit in it`, () => {});
  else
    it("is whole on its own check tests", () => {
      expect(
        buildkit.checks.map(compareBuildkit).filter(({ agrees, key }) => !agrees && !(key in disagreements)),
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
      if (buildkitParser() !== undefined) expect(fixed.refused).toEqual([]);
    });
  }
});
