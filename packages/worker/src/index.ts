// The public names of the worker.

export {
  type BackendAttempt,
  type BackendChoice,
  type BackendName,
  backendNames,
  chooseBackend,
  probeBackends,
} from "./backend/choose.ts";
export { numericFingerprint } from "./backend/fingerprint.ts";
export { type ConnectOptions, connect } from "./connection/connect.ts";
export type { WorkerConnection } from "./connection/thread-connection.ts";
export type { WorkListener, WorkRecord } from "./session/work-log.ts";
export { evaluateTasks } from "./training/evaluate.ts";
export { tensorWatch } from "./training/peak.ts";
export { TaskTerms } from "./training/task-batches.ts";
export { Worker, type WorkerExperiment, type WorkerOptions } from "./worker.ts";
