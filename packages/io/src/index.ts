/**
 * Containers for tensors and logs: safetensors, JSON Lines, files that are written whole or not at all.
 *
 * @packageDocumentation
 */
export { type FileLayer, nodeFiles, type OpenFile } from './files/fileLayer.js'
export { ensureOutputFolder, type OutputNeeds } from './files/outputFolder.js'
export { largestWhole, readBytes, readJson, readText, sha256OfFile } from './files/readFile.js'
export { type RegularFile, withRegularFile } from './files/regularFile.js'
export { acquireRunLock, type LockHolder, lockName, type RunLock } from './files/runLock.js'
export { type Fault, type FaultyLayer, failingAt, type SimulatedDisk, simulatedDisk } from './files/simulatedDisk.js'
export { systemCode, systemText } from './files/systemError.js'
export { type Content, removeLeftovers, writeFileAtomic } from './files/writeFileAtomic.js'
export { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from './halfFloats.js'
export {
  type JsonLinesContent,
  type JsonLinesOptions,
  type JsonLinesWriter,
  jsonLine,
  openJsonLines,
  readJsonLines,
} from './jsonLines.js'
export { type Header, parseHeader, type TensorEntry } from './safetensors/header.js'
export {
  decodeSafetensors,
  type ReadError,
  readSafetensors,
  readSafetensorsHeader,
  type StoredFile,
} from './safetensors/readSafetensors.js'
export {
  readShardedWeights,
  readWeights,
  type Weights,
  type WeightsError,
  weightsIndexName,
  weightsName,
} from './safetensors/readWeights.js'
export { dataBytes, encodeSafetensors, type Metadata, writeSafetensors } from './safetensors/writeSafetensors.js'
export * from './storedTensor.js'
export {
  computedDType,
  type FloatStorage,
  fromTensor,
  type ModelTensors,
  readModelTensors,
  readTensors,
  toTensor,
  type WriteOptions,
  writeTensors,
} from './tensors.js'
