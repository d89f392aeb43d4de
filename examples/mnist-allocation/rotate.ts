// Square images turned by a quarter.
// Letters: N = images, E = pixels along an edge.

/** Images `[N, E, E]`, each turned by 90 degrees to the left: its last column becomes its first row. */
export function rotated(images: Uint8Array, edge: number): Uint8Array {
  const area = edge ** 2;
  return images.map((_, at) => {
    const first = at - (at % area);
    const row = Math.floor((at % area) / edge);
    const column = at % edge;
    return images[first + column * edge + (edge - 1 - row)]!;
  });
}
