// How task gradients become the trunk's step. A method sees the smallest thing that it can and declares
// it in `needs`; nobody asks a method for its name.

/** What a method must see before it can weigh the tasks; ordered by what it costs on the wire. */
export type MethodNeeds = "nothing";

export interface Method {
  readonly needs: MethodNeeds;
  /** One weight per task, in the experiment's order; they multiply the tasks' own weights. */
  weights(tasks: readonly string[]): number[];
}
