import type { CommandTest } from "../checklist.ts";
import { expandVariables } from "../expand.ts";
import { patternFailures } from "../patterns.ts";
import { type CheckResult, resultOf } from "../result.ts";
import type { RunSetting } from "../run-checklist.ts";
import type { Ran } from "../runners/runner.ts";
import { endOfOutput, envOf } from "./outcome.ts";

/** Runs a command and looks at its status and at what it wrote, as container-structure-test does. `variables` is what `$NAME` means. */
export async function runCommandTest(
  test: CommandTest,
  { runner, limits, options, env }: RunSetting,
  variables: ReadonlyMap<string, string>,
): Promise<CheckResult> {
  const ran = await runner.run({
    words: [test.command, ...test.args].map((word) => expandVariables(word, (name) => variables.get(name))),
    setup: test.setup,
    teardown: test.teardown,
    env: envOf(env, test.envVars),
    options,
    seconds: limits.seconds,
  });
  const failures = commandFailures(test, ran, limits.seconds);
  return resultOf("command", test.name, {
    failures,
    seconds: ran.seconds,
    ...(failures.length === 0 ? {} : endOfOutput(ran)),
  });
}

function commandFailures(test: CommandTest, ran: Ran, seconds: number): string[] {
  if (ran.unstarted !== undefined) return [`it could not be started: ${ran.unstarted}`];
  if (ran.late) return [`it took longer than ${seconds} s`];
  return [
    ...(ran.status === test.exitCode ? [] : [`it ended with status ${ran.status}, not ${test.exitCode}`]),
    ...patternFailures(ran.stdout, "the output", {
      expected: test.expectedOutput,
      excluded: test.excludedOutput,
    }),
    ...patternFailures(ran.stderr, "the error output", {
      expected: test.expectedError,
      excluded: test.excludedError,
    }),
  ];
}
