/* Reads of an ONNX model what tests ask for, with an independent reader of the wire format. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** The fields of a message that hold bytes: number -> values in order. */
const bytesIn = (message: Uint8Array): ReadonlyMap<number, readonly Uint8Array[]> => {
  const reader = new BinaryReader(message)
  const fields = new Map<number, Uint8Array[]>()
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (type === WireType.LengthDelimited) fields.set(field, [...(fields.get(field) ?? []), reader.bytes()])
    else reader.skip(type)
  }
  return fields
}

/** GraphProto: node 1; NodeProto: op_type 4, attribute 5; AttributeProto: g 6. */
const operatorsIn = (graph: Uint8Array): readonly string[] =>
  (bytesIn(graph).get(1) ?? []).flatMap((node) => {
    const fields = bytesIn(node)
    const inner = (fields.get(5) ?? []).flatMap((attribute) => bytesIn(attribute).get(6) ?? [])
    return [
      ...(fields.get(4) ?? []).map((name) => new TextDecoder().decode(name)),
      ...inner.flatMap((held) => operatorsIn(held)),
    ]
  })

/** How many nodes of each operator a model has, those in graphs that nodes hold too. */
export const countOperators = (model: Uint8Array): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const graph of bytesIn(model).get(7) ?? []) {
    for (const op of operatorsIn(graph)) counts[op] = (counts[op] ?? 0) + 1
  }
  return counts
}
