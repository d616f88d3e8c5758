// SPDX-License-Identifier: GPL-3.0-or-later
#include "resources/resources.h"

#include <QDir>
#include <QFontDatabase>

namespace moe::ui {

QStringList loadInterfaceFonts() {
  QStringList families;
  for (const QFileInfo& file :
       QDir(QStringLiteral(":/fonts")).entryInfoList({"*.otf", "*.ttf"}, QDir::Files, QDir::Name)) {
    const int id = QFontDatabase::addApplicationFont(file.filePath());
    families += QFontDatabase::applicationFontFamilies(id);  // of id -1: none
  }
  families.removeDuplicates();
  return families;
}

}  // namespace moe::ui
