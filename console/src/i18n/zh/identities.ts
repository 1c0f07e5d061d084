import type { Texts } from '../en';

export const identities: Texts['identities'] = {
  title: '身份管理',
};
