import type { Reporter, TestModule, TestSuite } from "vitest/node";
import { placePrefix, skipPrefix } from "./names.ts";

/** What became of one place in this run. */
interface PlaceOutcome {
  passed: number;
  failed: number;
  /** Why it was not exercised, where it was skipped. */
  missing: string[];
}

/**
 * Prints, after everything else, which places were exercised and which were skipped and why, then
 * `N passed, N failed, N skipped` alone on the last line. Every place named in `required` must have been
 * exercised: one that was skipped, or that no test mentioned, counts as a failure.
 */
export function summaryReporter(required: readonly string[]): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const places = placesOf(modules);
      const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
      for (const module of modules) count(module, counts);

      const lines = [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(placeLine);
      for (const place of required) {
        const complaint = unexercised(place, places.get(place));
        if (complaint === undefined) continue;
        lines.push(complaint);
        counts.failed += 1;
        counts.skipped -= places.get(place)?.missing.length ?? 0;
      }
      if (counts.failed > 0) process.exitCode = 1;
      const sum = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
      // Vitest's own reporters write through its logger, which is flushed later than a plain write.
      setImmediate(() => process.stdout.write(`\n${[...lines, sum].join("\n")}\n`));
    },
  };
}

function count(module: TestModule, counts: { passed: number; failed: number; skipped: number }): void {
  // A file that cannot be loaded has errors of its own and no tests.
  counts.failed += module.errors().length;
  for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    // A test that never came to its end (the run was cut off) is not one that passed.
    counts[state === "pending" ? "failed" : state] += 1;
  }
}

function placesOf(modules: readonly TestModule[]): Map<string, PlaceOutcome> {
  const places = new Map<string, PlaceOutcome>();
  for (const module of modules) {
    for (const suite of module.children.suites()) {
      if (!suite.name.startsWith(placePrefix)) continue;
      const place = suite.name.slice(placePrefix.length);
      const outcome = places.get(place) ?? { passed: 0, failed: 0, missing: [] };
      addSuite(suite, outcome);
      places.set(place, outcome);
    }
  }
  return places;
}

function addSuite(suite: TestSuite, outcome: PlaceOutcome): void {
  for (const test of suite.children.allTests()) {
    const { state } = test.result();
    if (state === "passed") outcome.passed += 1;
    else if (state === "failed") outcome.failed += 1;
    else if (test.name.startsWith(skipPrefix)) outcome.missing.push(test.name.slice(skipPrefix.length));
  }
}

function placeLine([place, outcome]: [string, PlaceOutcome]): string {
  const why = [...new Set(outcome.missing)].join("; ");
  const name = place.padEnd(20);
  if (outcome.passed + outcome.failed === 0) return `  ${name} SKIPPED: ${why || "no test of it ran"}`;
  const failed = outcome.failed > 0 ? `, ${outcome.failed} failed` : "";
  const partly = why === "" ? "" : ` (partly skipped: ${why})`;
  return `  ${name} exercised: ${outcome.passed} passed${failed}${partly}`;
}

function unexercised(place: string, outcome: PlaceOutcome | undefined): string | undefined {
  if (outcome === undefined) return `  ${place} is required (DDIFF_REQUIRE_PLACES) and no test mentions it`;
  if (outcome.missing.length > 0) return `  ${place} is required (DDIFF_REQUIRE_PLACES) and was skipped`;
  return outcome.passed > 0
    ? undefined
    : `  ${place} is required (DDIFF_REQUIRE_PLACES) and nothing of it passed`;
}
