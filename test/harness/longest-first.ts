import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Tests that wait in real time: started first, so that all others run beside them. */
const LONGEST = ["/test/system/", "/test/monitoring/"];

/** The order of test files: the longest first, then by project, as a process serves files of one only. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is the sequencer's, not an array's
    const sorted = await super.sort(files);
    return sorted.toSorted(
      (a, b) => rank(a) - rank(b) || b.project.name.localeCompare(a.project.name),
    );
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = LONGEST.findIndex((part) => moduleId.includes(part));
  return found === -1 ? LONGEST.length : found;
}
