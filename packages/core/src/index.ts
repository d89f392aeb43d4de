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
// The methods, one by one
export { type GraddropOptions, graddrop } from "./method/aggregator/graddrop.ts";
export { type MtadamOptions, mtadam } from "./method/aggregator/mtadam.ts";
export { type TrimmedMeanOptions, trimmedMean } from "./method/aggregator/trimmed-mean.ts";
// Methods
export { gradientDiagnostics } from "./method/diagnostics.ts";
export {
  chunksOf,
  clockAt,
  type Exchange,
  exchangeOf,
  holdsRows,
  isPlainSum,
  isReported,
  rowsWindow,
  stretchLength,
  transformOf,
  wantsLossesAfter,
} from "./method/exchange.ts";
export { type MethodMemory, noMemory } from "./method/memory.ts";
export type {
  Aggregator,
  Clock,
  Fallback,
  Method,
  Normalisation,
  RowBlock,
  RowTransform,
  StepView,
  Weighed,
  Weighting,
} from "./method/method.ts";
export { normalised } from "./method/normalise.ts";
export {
  addInnerProducts,
  firstNotFinite,
  meanShards,
  reductionWeights,
  sumShards,
  weightedSum,
} from "./method/reduce.ts";
export {
  type MethodName,
  type MethodSpec,
  methodNames,
  methodOf,
} from "./method/registry.ts";
export { emptyView, type SteadyTerms, steadyWeights } from "./method/steady.ts";
export { type AdataskAdagradOptions, adataskAdagrad } from "./method/steps/adatask-adagrad.ts";
export { type AdataskAdamOptions, adataskAdam } from "./method/steps/adatask-adam.ts";
export { type AdataskRmspropOptions, adataskRmsprop } from "./method/steps/adatask-rmsprop.ts";
export { type MaoOptions, mao } from "./method/steps/mao.ts";
export { normOf, transformState } from "./method/transform.ts";
export { turnOf } from "./method/turns.ts";
export { type AlignedMtlOptions, alignedMtl } from "./method/weighting/aligned-mtl.ts";
export { type CagradOptions, cagrad } from "./method/weighting/cagrad.ts";
export { config } from "./method/weighting/config.ts";
export { type CrMogmOptions, crMogm } from "./method/weighting/cr-mogm.ts";
export { type DbMtlOptions, dbMtl } from "./method/weighting/db-mtl.ts";
export { dualProj } from "./method/weighting/dual-proj.ts";
export { type DwaOptions, dwa } from "./method/weighting/dwa.ts";
export { ew } from "./method/weighting/ew.ts";
export { type ExcessMtlOptions, excessMtl } from "./method/weighting/excess-mtl.ts";
export { type FairGradOptions, fairGrad } from "./method/weighting/fair-grad.ts";
export { type FamoOptions, famo } from "./method/weighting/famo.ts";
export { type FixedOptions, fixed } from "./method/weighting/fixed.ts";
export { gls } from "./method/weighting/gls.ts";
export { type GradnormOptions, gradnorm } from "./method/weighting/gradnorm.ts";
export { type GradvacOptions, gradvac } from "./method/weighting/gradvac.ts";
export { imtlG } from "./method/weighting/imtl-g.ts";
export { type ImtlLOptions, imtlL } from "./method/weighting/imtl-l.ts";
export { type KrumOptions, krum } from "./method/weighting/krum.ts";
export { logLosses } from "./method/weighting/log.ts";
export { type MgdaOptions, mgda } from "./method/weighting/mgda.ts";
export { type MocoOptions, moco } from "./method/weighting/moco.ts";
export { type NashMtlOptions, nashMtl } from "./method/weighting/nash-mtl.ts";
export { pcgrad } from "./method/weighting/pcgrad.ts";
export { type RlwOptions, rlw } from "./method/weighting/rlw.ts";
export { type StchOptions, stch } from "./method/weighting/stch.ts";
export { upgrad } from "./method/weighting/upgrad.ts";
export { type UwOptions, uw } from "./method/weighting/uw.ts";
export type { Metric, Predictions } from "./metrics/metric.ts";
export { metricByName, metricName } from "./metrics/registry.ts";
// Models and gradients
export type { Block, BlockLayout } from "./model/block.ts";
export { dropout } from "./model/dropout.ts";
export { plainModel } from "./model/export-model.ts";
export { headOutput, predict, type StepDraws, trunkFeatures } from "./model/forward.ts";
export {
  type HeadBatch,
  type HeadGradient,
  type HeadMotion,
  headGradient,
  type JointPass,
  jointPass,
  type StepPass,
  sharedPass,
  stepLosses,
  type TaskBatch,
} from "./model/gradients.ts";
export type {
  Features,
  HeadFactory,
  HeadPart,
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
export { GroupedOptimizer, type OptimizerGroup } from "./optimizer/grouped.ts";
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
export { copyState, type OptimizerState } from "./optimizer/state.ts";
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
// Routed trunks
export { allocationCosines, allocationOf, type LayerAllocation } from "./routing/allocation.ts";
export { type CgcOptions, cgc } from "./routing/cgc.ts";
export { type DselectKOptions, dselectK } from "./routing/dselect-k.ts";
export { noSharing, sharedBottom } from "./routing/fixed.ts";
export { type GumbelOptions, gumbel } from "./routing/gumbel.ts";
export { routedHeadGradient } from "./routing/head-gradient.ts";
export { type ExpertNetwork, type MmoeOptions, mmoe } from "./routing/mmoe.ts";
export { routingPenalty } from "./routing/penalties.ts";
export { type PleOptions, ple } from "./routing/ple.ts";
export { isPresent, presentWords } from "./routing/presence.ts";
export { type RoutedOptions, routed } from "./routing/routed-layer.ts";
export type { AllowedOption, Router } from "./routing/router.ts";
export { type RoutingSettings, routingDefaults } from "./routing/settings.ts";
export { type SoftmaxGateOptions, softmaxGate } from "./routing/softmax-gate.ts";
export { absentStretches, type ComponentStretch, componentStretches } from "./routing/stretches.ts";
// Runs
export type * from "./run/events.ts";
export {
  type BlockState,
  headStateOf,
  headTensors,
  initialBlockState,
  optimizerGroups,
} from "./run/head-state.ts";
export { methodStateOf, methodTensors } from "./run/method-state.ts";
export type { RunResult } from "./run/result.ts";
export { ofTask, rowNotFinite } from "./run/task-errors.ts";
// Schedules
export { ateSg } from "./schedule/ate-sg.ts";
export { type ScheduleSpec, scheduleNames, scheduleOf } from "./schedule/registry.ts";
export { satSg } from "./schedule/sat-sg.ts";
export { type Phase, type PhaseKind, phasesOf, type Schedule } from "./schedule/schedule.ts";
export { sg } from "./schedule/sg.ts";
export * from "./wire/index.ts";
