// The two ways in which bytes can break the protocol, as errors: what does not decode, and what is too
// large. Everything under `wire/` throws these and nothing else about what a peer sent.

import { ProtocolError } from "../errors.ts";

export function malformed(
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): ProtocolError {
  return new ProtocolError("protocol/malformed", message, {
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
    `${what} should be at most ${allowed} (\`${limit}\`). Found ${found}.`,
    {
      remedy: `Raise \`${limit}\` on both sides, or split what is sent.`,
      details: { limit, allowed, found },
    },
  );
}
