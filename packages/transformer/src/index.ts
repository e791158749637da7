/**
 * Transformers, BERT and LLaMA, that read and write Hugging Face folders, and tokenisers.
 *
 * @packageDocumentation
 */
export { type BertClassification, bertClassify } from './bert/bertClassify.js'
export { type BertConfig, bertConfig, decodeBertConfig } from './bert/bertConfig.js'
export { type BertInputs, type BertOptions, type BertStates, bertEncode } from './bert/bertEncoder.js'
export { type BertMaskedWordsOptions, type BertWordPrediction, bertMaskedWords } from './bert/bertMaskedWords.js'
export type {
  BertClassifierParams,
  BertEmbeddingsParams,
  BertEncoderParams,
  BertHead,
  BertLayerParams,
  BertMaskedWordsParams,
  BertOutputParams,
  BertParams,
} from './bert/bertParams.js'
export { initBert } from './bert/initBert.js'
export { type LabelFields, labelNames, type ProblemType, problemTypeOf } from './config/labels.js'
export { configName, printConfigFile } from './folder/configFile.js'
export type { LoadedModelOf, ModelOf } from './folder/modelReader.js'
export type {
  LoadedModel,
  Model,
  ModelConfig,
  ModelConfigs,
  ModelHead,
  ModelParams,
  ParamsFor,
} from './folder/models.js'
export { type ReadModelOptions, readModel } from './folder/readModel.js'
export { writeModel } from './folder/writeModel.js'
export { classificationLoss, maskedWordsLoss } from './heads/losses.js'
export { initLlama } from './llama/initLlama.js'
export { decodeLlamaConfig, type LlamaConfig, type LlamaHeads, llamaConfig, llamaHeads } from './llama/llamaConfig.js'
export { type LlamaInputs, type LlamaOptions, type LlamaStates, llamaDecode } from './llama/llamaDecoder.js'
export { type LlamaPrediction, llamaHead, llamaLogits } from './llama/llamaLogits.js'
export type {
  LlamaAttentionParams,
  LlamaDecoderParams,
  LlamaLayerParams,
  LlamaMlpParams,
  LlamaParams,
} from './llama/llamaParams.js'
export type { RopeFields } from './llama/ropeFields.js'
export { type MakeParameter, randomParameters, type Start } from './parameters/makeParameter.js'
export { nameOfPath, paramsFromTensors, pathOfName, type TensorTree, tensorsFromParams } from './parameters/names.js'
export * from './tokenizer/index.js'
