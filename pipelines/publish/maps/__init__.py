"""The public maps: released features → themes → pages that carry "draft" until a release decision takes its place."""
