/**
 * The CPU engine: programs as ONNX graphs, run by onnxruntime.
 *
 * @packageDocumentation
 */
export { type OnnxEngineOptions, onnxEngine, startOnnxEngine } from './engine.js'
export { lowerProgram } from './lower.js'
export { encodeModel, type Graph, type Initialiser, type Node, type Port } from './onnx/model.js'
export { rewrite } from './rewrite/index.js'
