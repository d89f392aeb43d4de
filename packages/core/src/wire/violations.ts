// The two ways in which bytes can break the protocol, as errors: what does not decode, and what is too
// large. Everything under `wire/` throws these and nothing else about what a peer sent.

import { ProtocolError } from "../errors.ts";
import { printable } from "./printable.ts";

/** What is said of a peer's bytes may quote them. */
const longestSentence = 1024;
const quotable = (message: string) => printable(message.slice(0, longestSentence));

export function malformed(
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): ProtocolError {
  return new ProtocolError("protocol/malformed", quotable(message), {
    remedy: "Run the same version of Trunkline on both sides.",
    details,
  });
}

export function tooLarge(
  what: string,
  found: number,
  limit: string,
  allowed: number,
): ProtocolError {
  return new ProtocolError(
    "protocol/too-large",
    quotable(`${what} should be at most ${allowed} (\`${limit}\`). Found ${found}.`),
    {
      remedy: `Raise \`${limit}\` on both sides, or split what is sent.`,
      details: { limit, allowed, found },
    },
  );
}

/** Within the limits, but there is no memory for it now. */
export function noMemory(what: string, bytes: number, cause: unknown): ProtocolError {
  return new ProtocolError(
    "protocol/too-large",
    quotable(`There is no memory for ${what} of ${bytes} bytes.`),
    {
      remedy: "Train a smaller network, or use a machine with more memory.",
      details: { bytes },
      cause,
    },
  );
}
