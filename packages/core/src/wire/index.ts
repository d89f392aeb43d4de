// What a transport needs, and nothing that loads tfjs: a worker's network thread starts in a tenth of the
// time with it. The main index has the same names.

export { ProtocolError } from "../errors.ts";
export { Assembler } from "./assembler.ts";
export {
  type ByteCounts,
  type ByteKind,
  byteKinds,
  type Connection,
  type ConnectionHandlers,
  type Decode,
  type NamedTensor,
  type TensorKind,
} from "./connection.ts";
export { checkTensors, defaultLimits, guestLimits, type Limits } from "./limits.ts";
export { Mailbox } from "./mailbox.ts";
export { type MemoryPair, memoryPair } from "./memory.ts";
export { createMeter, type Meter, meterBytes, readMeter } from "./meter.ts";
export { Outbox } from "./outbox.ts";
export { Pump } from "./pump.ts";
export { frameEvent, malformedEvent, type SocketParser, socketParser } from "./socket-parser.ts";
export { malformed, tooLarge } from "./violations.ts";
