/** How `describePlace` names its suites; the summary reads the place back from it. */
export const placePrefix = "place ";

/** How the one test of a skipped place begins. */
export const skipPrefix = "skipped: ";
