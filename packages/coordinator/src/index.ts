// The public names of the coordinator.

export {
  type Clock,
  Coordinator,
  type CoordinatorOptions,
  type WorkerPeer,
} from "./coordinator.ts";
export { type Archive, noArchive } from "./driver/archive.ts";
export { hashesOf } from "./driver/hashes.ts";
export type { LaunchOptions } from "./driver/plan-of.ts";
export type { Snapshot } from "./driver/store.ts";
export { openRunLog, type RunLog } from "./log.ts";
export type { Deadlines } from "./machine/plan.ts";
export { modelFiles } from "./run-folder/model-files.ts";
export { checkpointPath, exportModels, RunArchive } from "./run-folder/run-archive.ts";
export { openRunFolder, type RunFolder } from "./run-folder/run-folder.ts";
export { loadSnapshot, readSnapshot } from "./run-folder/snapshot-file.ts";
export { type ListenOptions, listen, type SocketServer } from "./transport/socket-server.ts";
