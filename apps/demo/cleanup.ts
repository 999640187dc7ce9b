type Step = { readonly what: string; readonly undo: () => Promise<unknown> };

/** What must be undone at the end, however it comes: last made, first undone. */
export class Cleanup {
  private readonly steps: Step[] = [];

  later(what: string, undo: () => Promise<unknown>): void {
    this.steps.push({ what, undo });
  }

  /** Undoes everything; one failure hides none of the others, and all are named in the answer. */
  async run(): Promise<string[]> {
    const failures: string[] = [];
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        failures.push(`${step.what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return failures;
  }
}
