/**
 * Transformer encoders that read and write Hugging Face folders, and tokenisers.
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
export { type LoadedModel, type Model, type ReadModelOptions, readModel } from './folder/readModel.js'
export { writeModel } from './folder/writeModel.js'
export { classificationLoss, maskedWordsLoss } from './heads/losses.js'
export { type MakeParameter, randomParameters, type Start } from './parameters/makeParameter.js'
export { nameOfPath, paramsFromTensors, pathOfName, type TensorTree, tensorsFromParams } from './parameters/names.js'
export * from './tokenizer/index.js'
