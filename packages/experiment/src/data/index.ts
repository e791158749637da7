export { characterNoise } from './characterNoise.js'
export { clusterMails, type MailClusters } from './clusterMails.js'
export { defaultCacheFolder } from './defaultCacheFolder.js'
export { type FineTuningOptions, fineTuningSet } from './fineTuningSet.js'
export { htmlText } from './htmlText.js'
export { type Cached, type CacheUse, jsonCache } from './jsonCache.js'
export { labelNoise, type NoisyLabels } from './labelNoise.js'
export { type LoadMailsOptions, loadMails, type MailSet } from './loadMails.js'
export { longTail, longTailCounts } from './longTail.js'
export { type Mail, type MailGroup, type MailLabel, mailCodec, mailGroups, mailLabels } from './mail.js'
export { cleanBody, cleanSubject, longestText, mailText } from './mailText.js'
export {
  type Clusters,
  type NearDuplicateOptions,
  nearDuplicateDefaults,
  nearDuplicates,
} from './nearDuplicates.js'
export { type ParsedMail, parseMail } from './parseMail.js'
export { noFaults, type PretrainingFaults, type PretrainingSet, pretrainingSet } from './pretrainingSet.js'
export { type Random, shuffled } from './random.js'
export { type RawMail, readCorpus } from './readCorpus.js'
export { jaccard, type ShingleSet, shingleSets } from './shingles.js'
export { type Source, sourceOf, sources } from './source.js'
export { type SplitShares, splitMails, stratumOf, studyShares } from './splitMails.js'
