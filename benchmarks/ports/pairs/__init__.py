"""One pair file for each published port; the frameworks and the packages are imported when a model is made."""
