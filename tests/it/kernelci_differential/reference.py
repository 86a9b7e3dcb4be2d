"""What KernelCI 1.1 itself makes of configurations, in one process.

Reads one JSON object a line, {"file", "kdir", "kernel"}, and answers each with one line: {"builds": [...]} or {"error"}.
Version 1.1 gives filters nothing but the defconfig; later ones give them the kernel, the tree and the branch, too, which its
filters take as they are.
"""

import json
import sys
import warnings

import kernelci.build
import kernelci.config.build

warnings.simplefilter('ignore')

ARCHITECTURE = kernelci.config.build.Architecture
MATCH = ARCHITECTURE.match
SEEN = {}

ARCHITECTURE.match = lambda arch, params: MATCH(arch, {**SEEN, **params})


def answer(question):
    try:
        config = kernelci.config.build.from_yaml(question['file'])
        builds = []
        for name, build in config['build_configs'].items():
            SEEN.update(kernel=question['kernel'], tree=build.tree.name, branch=build.branch)
            for arch, defconfig, env in kernelci.build.list_kernel_configs(build, question['kdir']):
                builds.append('\t'.join([name, env, arch, defconfig]))
        return {'builds': sorted(set(builds))}
    except Exception as error:
        return {'error': f'{type(error).__name__}: {error}'}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
