import { defineConfig } from "vitest/config";
import { summaryReporter } from "./test/support/summary.ts";

const requiredPlaces = (process.env["DDIFF_REQUIRE_PLACES"] ?? "").split(/[\s,]+/).filter(Boolean);

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", summaryReporter(requiredPlaces)],
  },
});
