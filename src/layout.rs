//! Where everything of a project lies on disk, below its root and below `.graph`. Pure paths; touches nothing.
