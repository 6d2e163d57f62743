"""From a configuration to a link with its estimators."""
