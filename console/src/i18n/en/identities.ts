export const identities = {
  title: 'Identities',
};
