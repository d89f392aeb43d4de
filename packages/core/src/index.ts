// The public names of core: what experiments are written with, and what coordinator and worker are built
// of. Grouped by room.

export { type ErrorCode, errorCodes } from "./codes.ts";
// Data
export { type ArrayDatasetOptions, arrayDataset } from "./data/array-dataset.ts";
export { sizeOf } from "./data/arrays.ts";
export { type ByteSource, bytesOf } from "./data/byte-source.ts";
export { type CsvOptions, csvDataset } from "./data/csv.ts";
export type { Batch, BatchContext, Dataset, Splits } from "./data/dataset.ts";
export { type BatchPlan, createBatchPlan, stepsPerEpoch } from "./data/epoch-plan.ts";
export { idxArray, idxFile } from "./data/idx.ts";
export { npyArray, npyFile } from "./data/npy.ts";
export { type RowDatasetOptions, rowDataset } from "./data/row-dataset.ts";
export type { RowFile } from "./data/row-file.ts";
export type { Standardisation } from "./data/standardise.ts";
export { subset } from "./data/subset.ts";
export {
  EnvironmentError,
  ExperimentError,
  expected,
  type Problem,
  RunError,
  show,
  TrunklineError,
} from "./errors.ts";
// Experiments
export {
  type Clip,
  type DataContext,
  type DataSource,
  defineExperiment,
  type Experiment,
  type ExperimentDefinition,
  type ExperimentSettings,
  type Options,
  type TaskDefinition,
} from "./experiment/define.ts";
export { describeExperiment, identityBytes } from "./experiment/describe.ts";
export { noOverrides, type Overrides } from "./experiment/overrides.ts";
export {
  networkOf,
  outputSize,
  type PreparedExperiment,
  prepareExperiment,
} from "./experiment/prepare.ts";
export { type ResolvedExperiment, resolveExperiment } from "./experiment/resolve.ts";
export type { Settings, TaskSettings } from "./experiment/settings.ts";
export { type Source, sharedSource } from "./experiment/sources.ts";
// Losses and metrics
export { huber } from "./loss/huber.ts";
export type { LabelKind, LossFunction, LossName } from "./loss/names.ts";
export { lossOutputs } from "./loss/registry.ts";
export { labelsPerTerm, type TaskLoss, taskLoss, unmaskedCount } from "./loss/task-loss.ts";
// Methods
export type { Method, MethodNeeds } from "./method/method.ts";
export { firstNotFinite, meanShards, sumShards } from "./method/reduce.ts";
export { methodByName } from "./method/registry.ts";
export type { Metric, Predictions } from "./metrics/metric.ts";
export { metricByName, metricName } from "./metrics/registry.ts";
// Models and gradients
export type { Block, BlockLayout } from "./model/block.ts";
export { dropout } from "./model/dropout.ts";
export { plainModel } from "./model/export-model.ts";
export { headOutput, predict, type StepDraws, trunkFeatures } from "./model/forward.ts";
export {
  type HeadBatch,
  headGradient,
  jointGradient,
  type TaskBatch,
  type TrunkGradient,
  trunkGradient,
} from "./model/gradients.ts";
export type {
  Features,
  HeadFactory,
  Network,
  NetworkPart,
  TrunkFactory,
} from "./model/network.ts";
export { didYouMean } from "./nearest.ts";
// Optimizers
export { adam, adamw } from "./optimizer/adam.ts";
export {
  clipByGlobalNorm,
  clipByValue,
  clipTensorsByGlobalNorm,
  clipTensorsByValue,
} from "./optimizer/clip.ts";
export {
  type EarlyStoppingState,
  earlyStoppingStep,
  initialEarlyStopping,
} from "./optimizer/early-stopping.ts";
export { flatOptimizer } from "./optimizer/flat-optimizer.ts";
export {
  constant,
  cosine,
  exponential,
  type LearningRate,
  learningRateAt,
  stepDecay,
} from "./optimizer/learning-rate.ts";
export { momentum } from "./optimizer/momentum.ts";
export {
  initialPlateau,
  type PlateauSpec,
  type PlateauState,
  plateau,
  plateauStep,
} from "./optimizer/plateau.ts";
export { rmsprop } from "./optimizer/rmsprop.ts";
export { sgd } from "./optimizer/sgd.ts";
export type { OptimizerSpec } from "./optimizer/spec.ts";
export type { OptimizerState } from "./optimizer/state.ts";
export { type TensorOptimizer, tensorOptimizer } from "./optimizer/tensor-optimizer.ts";
// Protocol and wire
export {
  byteKindOf,
  type CoordinatorMessage,
  decodeCoordinatorMessage,
  decodeWorkerMessage,
  heartbeatMs,
  helloTimeoutMs,
  joinTimeoutMs,
  type MessageOf,
  maxTextLength,
  type NumericFingerprint,
  type Place,
  type Progress,
  protocolVersion,
  silenceTimeoutMs,
  type WorkerMessage,
} from "./protocol.ts";
// Random numbers
export { type DrawKey, drawsFor } from "./random/draws.ts";
export { permutation } from "./random/permutation.ts";
export type { Random } from "./random/random.ts";
// Runs
export type * from "./run/events.ts";
export {
  type BlockState,
  headStateOf,
  headTensors,
  initialBlockState,
} from "./run/head-state.ts";
export type { RunResult } from "./run/result.ts";
// Schedules
export { ateSg } from "./schedule/ate-sg.ts";
export { type ScheduleSpec, scheduleNames, scheduleOf } from "./schedule/registry.ts";
export { satSg } from "./schedule/sat-sg.ts";
export { type Phase, type PhaseKind, phasesOf, type Schedule } from "./schedule/schedule.ts";
export { sg } from "./schedule/sg.ts";
export * from "./wire/index.ts";
