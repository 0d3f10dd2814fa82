export {
  type Credentials,
  credentialsPath,
  readCredentials,
  removeCredentials,
  writeCredentials,
} from './credentials.ts';
export { type DataFolderLock, lockDataFolder } from './data-folder-lock.ts';
export { DataFolderError } from './data-folder-error.ts';
export { type LocalSecrets, loadSecrets } from './secrets.ts';
