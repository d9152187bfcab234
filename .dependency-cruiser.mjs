import swcVisitor from '@swc/core/Visitor.js';

// swc parses `using`, but its visitor has no case for it.
const { Visitor } = swcVisitor;
const visitStatement = Visitor.prototype.visitStatement;
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

// The directions in which imports may point. Build first: imports between packages resolve through their dist.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '[.]test[.]ts$|/testing/' },
  to: { pathNot: allowed },
});
const builtIn = '^(node:)?[a-z/_0-9]+$';

export default {
  forbidden: [
    only(
      'domain-imports-nothing',
      '^chaincode/domain/',
      '^chaincode/domain/|^(node:)?crypto$',
      'The words depend on no one; SHA-256 is part of the language.',
    ),
    only(
      'contracts-see-domain-and-fabric',
      '^chaincode/contracts/',
      `^chaincode/(domain|contracts)/|^chaincode/fabric[.]ts$|^(node:)?crypto$`,
      'Contracts decide from state and transaction: no clock, file or socket.',
    ),
    {
      name: 'one-door-to-fabric-contract-api',
      severity: 'error',
      from: { path: '^chaincode/', pathNot: '^chaincode/(fabric|main)[.]ts$|[.]test[.]ts$|/testing/' },
      to: { path: 'node_modules/fabric-(contract-api|shim)' },
    },
    {
      name: 'only-the-domain-leaves-chaincode',
      severity: 'error',
      from: { path: '^(gateway|pipelines|network)/', pathNot: '[.]test[.]ts$|/testing/' },
      to: { path: '^chaincode/', pathNot: '^chaincode/(dist/)?domain/' },
    },
    {
      name: 'network-stands-alone',
      severity: 'error',
      from: { path: '^network/', pathNot: '[.]test[.]ts$' },
      to: { path: '^(chaincode|gateway|pipelines)/' },
    },
    {
      name: 'pipelines-know-no-gateway',
      severity: 'error',
      from: { path: '^pipelines/' },
      to: { path: '^gateway/' },
    },
    {
      name: 'only-the-compute-node-sees-the-network',
      severity: 'error',
      from: { path: '^pipelines/', pathNot: '^pipelines/compute-node/|[.]test[.]ts$' },
      to: { path: '^network/' },
    },
    {
      name: 'pipelines-know-no-http-server',
      severity: 'error',
      from: { path: '^pipelines/' },
      to: { path: 'node_modules/(express|helmet)' },
    },
    {
      name: 'routes-know-no-adapter',
      severity: 'error',
      from: { path: '^gateway/routes/' },
      to: { path: '^network/(dist/)?(embedded|processes|store)/' },
    },
    {
      name: 'nobody-imports-test',
      severity: 'error',
      from: { path: '^(chaincode|gateway|pipelines|network)/' },
      to: { path: '^test/' },
    },
    {
      name: 'tests-are-leaves',
      severity: 'error',
      from: { pathNot: '[.]test[.]ts$' },
      to: { path: '[.]test[.]ts$' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: builtIn } },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: 'node_modules/(?!fabric|express|helmet)' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default', 'node'] },
  },
};
